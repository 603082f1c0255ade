"""Cohere v1's smaller routes: `POST /v1/tokenize`, `/v1/detokenize` and `/v1/check-api-key`.

Unknown fields are ignored.
"""

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from bentos.common.bounds import Name, TokenId
from bentos.common.engine.token_ids import decoded
from bentos.common.http.dialects.cohere import CohereRoute
from bentos.common.http.responses import ArrayJSON
from bentos.common.lifecycle import Lifecycle
from bentos.common.models.aliases import ModelNames
from bentos.common.work_options import DEFAULT

_META = {"api_version": {"version": "1"}}
_MOST = 65_536
_Model: TypeAlias = Annotated[Name, Field(description="The served model's id or one of its aliases")]


class TokenizeBody(BaseModel):
    """A text."""

    text: Annotated[str, Field(min_length=1, max_length=_MOST)]
    model: _Model


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
        list[TokenId], Field(max_length=_MOST, fail_fast=True, description="Ids of the served model's tokens")
    ]
    model: _Model


class DetokenizeAnswer(BaseModel):
    """The tokens' text; what the tokenizer normalizes, such as capitals, does not come back."""

    text: str
    meta: TokensMeta


class CheckAPIKeyAnswer(BaseModel):
    """Where keys are set, a wrong one is answered with 401 instead."""

    valid: Literal[True]


def create_router(lifecycle: Lifecycle, model_names: ModelNames) -> APIRouter:
    """The router of all three.

    Args:
        lifecycle: of the process, whose model is asked.
        model_names: by which requests may call it.
    """
    router = APIRouter(route_class=CohereRoute, tags=["Cohere v1"])

    @router.post("/v1/tokenize", summary="A text's tokens", response_model=TokenizeAnswer)
    async def tokenize(body: TokenizeBody) -> Response:
        """Ids and strings of the text's tokens."""
        model_names.check(body.model)
        model = lifecycle.loaded
        lane = model.engine.admit_texts([body.text], DEFAULT, computes=False)
        [tokens] = await model.engine.tokenization.map(
            lambda texts: list(map(model.tokenizer.tokens, texts)), [body.text], lane=lane
        )
        ids, strings = [token for token, _ in tokens], [string for _, string in tokens]
        return ArrayJSON({"tokens": ids, "token_strings": strings, "meta": _META})

    @router.post("/v1/detokenize", summary="The text of tokens", response_model=DetokenizeAnswer)
    async def detokenize(body: DetokenizeBody) -> Response:
        """The text that token ids stand for."""
        model_names.check(body.model)
        model = lifecycle.loaded
        lane = model.engine.admit_texts([body.tokens], DEFAULT, computes=False)
        [text] = await model.engine.tokenization.map(
            lambda lists: [decoded(ids, model.tokenizer, ("tokens",)) for ids in lists], [body.tokens], lane=lane
        )
        return ArrayJSON({"text": text, "meta": _META})

    @router.post("/v1/check-api-key", summary="Is the key valid?", response_model=CheckAPIKeyAnswer)
    async def check_api_key() -> Response:
        """True: whoever sends a wrong key does not get here."""
        return ArrayJSON({"valid": True})

    return router
