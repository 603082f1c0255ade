"""Names of types: FastAPI calls two of one name after their modules."""

import re
from collections.abc import Mapping
from typing import Any

SCHEMAS = "#/components/schemas/"
_LONG_NAME = re.compile(r"bentos__\w+__(\w+?)__(\w+)")
_DIALECTS = {"openai": "OpenAI", "tei": "TEI"}


def shorten(document: dict[str, Any]) -> None:
    """Name types of one name after their dialect instead of their module."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    short = {}
    for name in schemas:
        if long := _LONG_NAME.fullmatch(name):
            dialect = _DIALECTS.get(long[1], long[1].title().replace("_", ""))
            short[name] = f"{dialect}{long[2]}"
    document["components"]["schemas"] = {short.get(name, name): schema for name, schema in schemas.items()}
    _rename(document, {f"{SCHEMAS}{name}": f"{SCHEMAS}{new}" for name, new in short.items()})


def _rename(value: Any, references: Mapping[str, str]) -> None:
    if isinstance(value, dict):
        if (reference := value.get("$ref", "")) in references:
            value["$ref"] = references[reference]
        for inner in value.values():
            _rename(inner, references)
    elif isinstance(value, list):
        for inner in value:
            _rename(inner, references)
