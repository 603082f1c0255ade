"""`GET /v1/models`: one answer for OpenAI's clients, which read `data`, and Cohere's, which read `models`."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.embed.encoder import Encoder
from bentos.embed.routes.openai_errors import OpenAIRoute
from bentos.embed.schemas.openai import Model, Models


def create_router(encoder: Encoder, model_names: ModelNames) -> APIRouter:
    """The router of both routes."""
    router = APIRouter(route_class=OpenAIRoute, tags=["OpenAI", "Cohere v1"])
    owner, _, _ = model_names.model_id.rpartition("/")

    def described(name: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": owner,
            "name": name,
            "endpoints": ["embed"],
            "default_endpoints": [],
            "finetuned": False,
            "context_length": encoder.window,
        }

    @router.get("/models", summary="The same as GET /v1/models", response_model=Models)
    @router.get("/v1/models", summary="Names by which requests may call the model", response_model=Models)
    async def models() -> Response:
        """The served model and its aliases."""
        found = [described(name) for name in model_names.all]
        return ArrayJSON({"object": "list", "data": found, "models": found})

    @router.get("/models/{model:path}", summary="The same as GET /v1/models/{model}", response_model=Model)
    @router.get("/v1/models/{model:path}", summary="One of them", response_model=Model)
    async def model(model: str) -> Response:
        """The model of this name, or 404."""
        model_names.check(model)
        return ArrayJSON(described(model))

    return router
