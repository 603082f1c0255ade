"""Documents of the vendors' dialects: strings, or objects of which some fields are scored."""

import json
import math
from typing import Annotated, Any, TypeAlias

import orjson
from pydantic import BeforeValidator, Field, PlainValidator

from bentos.common.bounds import MOST_DOCUMENT_FIELDS, MOST_ITEMS, Text


def written(value: Any) -> bytes:
    """JSON of a parsed value; integers of more than 64 bits keep all their digits.

    Raises:
        ValueError: a number is too large for JSON as it is parsed here.
    """
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _string_or_object(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if not isinstance(value, dict):
        raise ValueError("Input should be a string or an object")
    if len(value) > MOST_DOCUMENT_FIELDS:
        raise ValueError(f"Input should have at most {MOST_DOCUMENT_FIELDS} fields")
    try:
        text = written(value)
    except ValueError:  # Python writes no integer of more than some thousand digits
        raise ValueError("Input cannot be returned: a number is too large") from None
    # A number such as 1e400 is parsed as infinity, which is written as null.
    if (b"null" in text or b"Infinity" in text) and _has_infinity(value):
        raise ValueError("Input cannot be returned: a number is too large")
    return value


def _has_infinity(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_infinity, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and math.isinf(value)


def _text_of_query(value: Any) -> Any:
    """A query as Jina's multimodal models take it: an object with a text, and here with nothing else."""
    return value["text"] if isinstance(value, dict) and value.keys() == {"text"} else value


Document: TypeAlias = Annotated[
    str | dict[str, Any],
    PlainValidator(
        _string_or_object,
        json_schema_input_type=Text | Annotated[dict[str, Any], Field(max_length=MOST_DOCUMENT_FIELDS)],
    ),
]
Documents: TypeAlias = Annotated[
    list[Document],
    Field(max_length=MOST_ITEMS, fail_fast=True, description="Strings, or objects with the `rank_fields`"),
]
TextObject: TypeAlias = Annotated[
    Text,
    BeforeValidator(
        _text_of_query,
        json_schema_input_type=Text | Annotated[dict[str, Text], Field(max_length=MOST_DOCUMENT_FIELDS)],
    ),
]
"""A string, or an object with it as `text`."""
