"""`GET /v1/models`: one answer for OpenAI's clients, which read `data`, and Cohere's, which read `models`."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.embed.encoder import Encoder
from bentos.embed.routes.openai import OpenAIRoute
from bentos.embed.schemas.openai import Model, Models

router = APIRouter(route_class=OpenAIRoute, tags=["OpenAI", "Cohere v1"])


@router.get("/v1/models", summary="Names by which requests may call the model", response_model=Models)
async def models(request: Request) -> Response:
    """The served model and its aliases."""
    names: ModelNames = request.app.state.model_names
    found = [_model(name, request) for name in names.all]
    return ArrayJSON({"object": "list", "data": found, "models": found})


@router.get("/v1/models/{model:path}", summary="One of them", response_model=Model)
async def model(model: str, request: Request) -> Response:
    """The model of this name, or 404."""
    names: ModelNames = request.app.state.model_names
    names.check(model)
    return ArrayJSON(_model(model, request))


def _model(name: str, request: Request) -> dict[str, Any]:
    encoder: Encoder = request.app.state.encoder
    names: ModelNames = request.app.state.model_names
    owner, _, _ = names.model_id.rpartition("/")
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
