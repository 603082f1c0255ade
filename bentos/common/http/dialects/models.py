"""`GET /v1/models`: one answer for OpenAI's clients, which read `data`, and Cohere's, which read `models`."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from bentos.common.errors import UnknownModel
from bentos.common.http.dialects.openai import OpenAIRoute
from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames


class Model(BaseModel):
    """A name by which requests may call the model: first OpenAI's fields, then Cohere's."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    name: str
    endpoints: list[str]
    default_endpoints: list[str]
    finetuned: bool
    context_length: int


class Models(BaseModel):
    """The served model's names; both lists are the same."""

    object: Literal["list"]
    data: list[Model]
    models: list[Model]


def create_router(model_names: ModelNames, *, endpoint: Literal["embed", "rerank"], window: int) -> APIRouter:
    """The router of both routes.

    Args:
        model_names: to list.
        endpoint: of Cohere's API for which the model is.
        window: most tokens that the model takes.
    """
    router = APIRouter(route_class=OpenAIRoute, tags=["OpenAI", "Cohere v1"])
    owner, _, _ = model_names.model_id.rpartition("/")

    def described(name: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "model",
            "created": 0,
            "owned_by": owner,
            "name": name,
            "endpoints": [endpoint],
            "default_endpoints": [],
            "finetuned": False,
            "context_length": window,
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
        if not model:
            raise UnknownModel("Ask for the list without the slash at the end, or for a model by its name.")
        model_names.check(model)
        return ArrayJSON(described(model))

    return router
