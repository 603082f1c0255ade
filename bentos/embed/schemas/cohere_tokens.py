"""Bodies and answers of Cohere v1's smaller routes. Unknown fields are ignored."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from bentos.embed.schemas.cohere import Model

_MOST = 65_536


class TokenizeBody(BaseModel):
    """A text."""

    text: Annotated[str, Field(min_length=1, max_length=_MOST)]
    model: Model


class TokensMeta(BaseModel):
    """Facts about the answer."""

    api_version: dict[Literal["version"], str]


class TokenizeAnswer(BaseModel):
    """The text's tokens, special tokens not included."""

    tokens: list[int]
    token_strings: Annotated[list[str], Field(description="As they stand in the model's vocabulary")]
    meta: TokensMeta


class DetokenizeBody(BaseModel):
    """Token ids."""

    tokens: Annotated[
        list[int], Field(max_length=_MOST, fail_fast=True, description="Ids of the served model's tokens")
    ]
    model: Model


class DetokenizeAnswer(BaseModel):
    """The tokens' text; what the tokenizer normalizes, such as capitals, does not come back."""

    text: str
    meta: TokensMeta


class CheckAPIKeyAnswer(BaseModel):
    """Where keys are set, a wrong one is answered with 401 instead."""

    valid: Literal[True]
