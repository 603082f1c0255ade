"""Cohere v1: `POST /v1/embed`."""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.http.dialects.cohere import CohereRoute
from bentos.common.http.responses import ArrayJSON
from bentos.common.observability.logging import request_id
from bentos.common.work_options import WorkOptions
from bentos.embed.encoder import Encoder
from bentos.embed.model_names import TypedModelNames
from bentos.embed.request import EmbedRequest
from bentos.embed.routes import cohere
from bentos.embed.routes.answer_headers import answer_headers
from bentos.embed.schemas.cohere import EmbedByTypeAnswer, EmbedFloatsAnswer, EmbedV1Body


def create_router(encoder: Encoder, model_names: TypedModelNames) -> APIRouter:
    """The router of `POST /v1/embed`."""
    router = APIRouter(route_class=CohereRoute, tags=["Cohere v1"])

    @router.post(
        "/v1/embed",
        summary="Encode texts",
        response_model=EmbedFloatsAnswer | EmbedByTypeAnswer,
    )
    async def embed(body: EmbedV1Body, options: WorkOptions) -> Response:
        """Unit vectors of the texts, in the forms that were asked for."""
        named_type = model_names.input_type(body.model)
        texts = body.texts or []
        cohere.check(texts, body.images)
        result = await encoder.encode(
            EmbedRequest(
                texts=texts,
                input_type=body.input_type or named_type,
                truncate=body.truncate,
            ),
            options,
        )
        forms = body.embedding_types
        return ArrayJSON(
            {
                "response_type": "embeddings_by_type" if forms else "embeddings_floats",
                "id": request_id.get(),
                "texts": texts,
                "embeddings": cohere.by_type(result, forms) if forms else result.vectors,
                "meta": cohere.meta("1", result, "texts", encoder.window),
            },
            headers=answer_headers(result),
        )

    return router
