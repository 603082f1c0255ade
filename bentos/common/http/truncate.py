"""The field by which requests of all dialects say what becomes of a text over its limit."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from bentos.common.engine.tokenizer import Truncation
from bentos.common.errors import InvalidInput


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


def check_side(side: Literal["left", "right"] | None, limit: int | None) -> None:
    """Refuse vLLM's `truncation_side` without its `truncate_prompt_tokens`; `right` is what is done anyway.

    Raises:
        InvalidInput: the left side, and no limit over which a text would lose it.
    """
    if side == "left" and limit is None:
        raise InvalidInput("It needs truncate_prompt_tokens beside it; -1 means the window.", loc=("truncation_side",))
