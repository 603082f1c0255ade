"""Cohere v2: `POST /v2/embed`."""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.errors import DomainError
from bentos.common.http.dialects.cohere import CohereRoute, in_lane
from bentos.common.http.responses import ArrayJSON
from bentos.common.observability.logging import request_id
from bentos.common.work_options import WorkOptions
from bentos.embed.encoder import Encoder
from bentos.embed.model_names import TypedModelNames
from bentos.embed.quantization import EmbeddingType
from bentos.embed.request import EmbedRequest
from bentos.embed.routes import cohere
from bentos.embed.routes.answer_headers import answer_headers
from bentos.embed.schemas.cohere import EmbedByTypeAnswer, EmbedV2Body


def create_router(encoder: Encoder, model_names: TypedModelNames) -> APIRouter:
    """The router of `POST /v2/embed`."""
    router = APIRouter(route_class=CohereRoute, tags=["Cohere v2"])

    @router.post("/v2/embed", summary="Encode texts", response_model=EmbedByTypeAnswer)
    async def embed(body: EmbedV2Body, options: WorkOptions) -> Response:
        """Unit vectors of the texts, in the forms that were asked for."""
        model_names.check(body.model)
        param = "texts" if body.inputs is None else "inputs"
        texts = body.texts or [mixed.text for mixed in body.inputs or []]
        cohere.check(texts, body.images)
        request = EmbedRequest(
            texts=texts,
            input_type=body.input_type,
            truncate=body.truncate,
            max_tokens=body.max_tokens,
            dimensions=body.output_dimension,
        )
        try:
            result = await encoder.encode(request, in_lane(body.priority, options))
        except DomainError as error:
            error.rename(texts=param, dimensions="output_dimension")
            raise
        return ArrayJSON(
            {
                "response_type": "embeddings_by_type",
                "id": request_id.get(),
                "texts": texts,
                "embeddings": cohere.by_type(result, body.embedding_types or [EmbeddingType.FLOAT]),
                "meta": cohere.meta("2", result, param, encoder.limit(body.max_tokens)),
            },
            headers=answer_headers(result),
        )

    return router
