"""Cohere v1's smaller routes: `POST /v1/tokenize`, `/v1/detokenize` and `/v1/check-api-key`."""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.http.dialects.cohere import CohereRoute
from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.embed.encoder import Encoder
from bentos.embed.schemas.cohere_tokens import (
    CheckAPIKeyAnswer,
    DetokenizeAnswer,
    DetokenizeBody,
    TokenizeAnswer,
    TokenizeBody,
)

_META = {"api_version": {"version": "1"}}


def create_router(encoder: Encoder, model_names: ModelNames) -> APIRouter:
    """The router of all three."""
    router = APIRouter(route_class=CohereRoute, tags=["Cohere v1"])

    @router.post("/v1/tokenize", summary="A text's tokens", response_model=TokenizeAnswer)
    async def tokenize(body: TokenizeBody) -> Response:
        """Ids and strings of the text's tokens."""
        model_names.check(body.model)
        tokens = await encoder.tokens(body.text)
        ids, strings = [token for token, _ in tokens], [string for _, string in tokens]
        return ArrayJSON({"tokens": ids, "token_strings": strings, "meta": _META})

    @router.post("/v1/detokenize", summary="The text of tokens", response_model=DetokenizeAnswer)
    async def detokenize(body: DetokenizeBody) -> Response:
        """The text that token ids stand for."""
        model_names.check(body.model)
        return ArrayJSON({"text": await encoder.text(body.tokens), "meta": _META})

    @router.post("/v1/check-api-key", summary="Is the key valid?", response_model=CheckAPIKeyAnswer)
    async def check_api_key() -> Response:
        """True: whoever sends a wrong key does not get here."""
        return ArrayJSON({"valid": True})

    return router
