"""Bounds of all that a request may hold. They apply before anything is done with it, whatever the settings allow."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

MOST_BODY_BYTES = 256 * 1024 * 1024
"""Largest value of `MAX_BODY_BYTES`."""
MOST_ITEMS = 10_000
"""Items of any list; settings may allow fewer."""
MOST_FIELDS = 100
"""Fields of a body, known ones and others."""
MOST_DOCUMENT_FIELDS = 1000
"""Fields of a document that is an object."""
MOST_TOKEN_IDS = 300_000
"""Token ids of all texts together; OpenAI's limit of a request."""
MOST_NAME_CHARACTERS = 256


def _refuse_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticKnownError("int_type")
    return value


NOT_BOOLEAN = BeforeValidator(_refuse_boolean)
"""Of a field for an integer: pydantic takes `true` for 1, as Python does."""
Count: TypeAlias = Annotated[int | None, Field(ge=1), NOT_BOOLEAN]
"""How many of something a request wants at most; none leaves it open."""
TokenId: TypeAlias = Annotated[int, Field(strict=True)]
"""There may be very many, so that a function of Python for each would take long."""
# A text has no more characters than its body has bytes, and those have been counted. To count the characters as well
# would take 0.1 s for 32 MiB of Cyrillic.
Text: TypeAlias = Annotated[str, Field(json_schema_extra={"maxLength": MOST_BODY_BYTES})]
Texts: TypeAlias = Annotated[list[Text], Field(max_length=MOST_ITEMS, fail_fast=True)]
Name: TypeAlias = Annotated[str, Field(max_length=MOST_NAME_CHARACTERS)]
"""A name or an id, which nobody computes with."""
