"""Voyage: `POST /v1/embeddings` as its clients send it, which is `/voyage/v1/embeddings`."""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.errors import DomainError
from bentos.common.http.dialect_router import DialectRouter, SharedPath
from bentos.common.http.dialects.voyage import JAVASCRIPT_CLIENT, PREFIX, VoyageRoute
from bentos.common.http.responses import ArrayJSON
from bentos.common.work_options import WorkOptions
from bentos.embed.encoder import Encoder
from bentos.embed.model_names import TypedModelNames
from bentos.embed.quantization import EmbeddingType
from bentos.embed.request import EmbedRequest
from bentos.embed.routes.answer_headers import answer_headers
from bentos.embed.routes.vector_types import as_type
from bentos.embed.schemas.voyage import EmbeddingsVoyageAnswer, EmbeddingsVoyageBody

SHARED = SharedPath(
    "/v1/embeddings",
    prefix=PREFIX,
    fields=["truncation", "output_dtype", "output_dimension"],
    unless=["dimensions", "user", "truncate", "task", "embedding_type", "normalized", "truncate_prompt_tokens"],
    headers=[JAVASCRIPT_CLIENT],
)


def create_router(encoder: Encoder, model_names: TypedModelNames) -> APIRouter:
    """The router of `POST /voyage/v1/embeddings`."""
    router = DialectRouter(shared=[SHARED], route_class=VoyageRoute, tags=["Voyage"])

    @router.post(
        SHARED.own,
        summary="POST /v1/embeddings with `truncation`, `output_dtype` or what else only Voyage's clients send",
        response_model=EmbeddingsVoyageAnswer,
    )
    async def embeddings(body: EmbeddingsVoyageBody, options: WorkOptions) -> Response:
        """Unit vectors of the texts."""
        named_type = model_names.input_type(body.model)
        request = EmbedRequest(
            texts=body.input.texts,
            input_type=body.input_type or named_type,
            truncate=None if body.truncation is None else "end" if body.truncation else "none",
            dimensions=body.output_dimension,
        )
        try:
            result = await encoder.encode(request, options)
        except DomainError as error:
            error.rename(texts="input", dimensions="output_dimension", indexed=body.input.numbered)
            raise
        kind = EmbeddingType(body.output_dtype or "float")
        vectors = as_type(result, kind, base64=body.encoding_format == "base64")
        return ArrayJSON(
            {
                "object": "list",
                "data": [
                    {"object": "embedding", "embedding": vector, "index": index} for index, vector in enumerate(vectors)
                ],
                "model": model_names.model_id,
                "usage": {"total_tokens": result.tokens},
            },
            headers=answer_headers(result),
        )

    return router
