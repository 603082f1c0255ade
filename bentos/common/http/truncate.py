"""The field by which requests of all dialects say what becomes of a text over its limit."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from bentos.common.engine.tokenizer import Truncation


def _truncation(value: object) -> object:
    """A value in any case, as Cohere's and NVIDIA's clients write them, or Jina's boolean."""
    if isinstance(value, bool):
        return "end" if value else "none"
    return value.lower() if isinstance(value, str) else value


_DESCRIPTION = "Side on which a text over the limit loses tokens; `none` refuses it. By default the setting says"
Truncate: TypeAlias = Annotated[
    Truncation | None,
    BeforeValidator(_truncation, json_schema_input_type=Literal["end", "start", "none"] | bool | None),
    Field(description=f"{_DESCRIPTION}. In any case; true is `end`, false `none`"),
]
VendorTruncate: TypeAlias = Annotated[
    Truncation | None,
    BeforeValidator(_truncation, json_schema_input_type=Literal["NONE", "START", "END", None]),
    Field(description=_DESCRIPTION),
]
"""As Cohere describes it; what is accepted is the same."""
