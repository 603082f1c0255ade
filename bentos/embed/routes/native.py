"""The native route: `POST /embed`."""

import time
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.errors import DomainError, InvalidInput
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute
from bentos.common.models.aliases import ModelNames
from bentos.common.work_options import WorkOptions
from bentos.embed.encoder import Encoder
from bentos.embed.quantization import base64_float32
from bentos.embed.request import EmbedRequest
from bentos.embed.routes.answer_headers import answer_headers
from bentos.embed.schemas.native import EmbedBody, EmbeddingAnswer, EmbeddingsAnswer


def create_router(encoder: Encoder, model_names: ModelNames) -> APIRouter:
    """The router of `POST /embed`."""
    router = APIRouter(route_class=DialectRoute, tags=["native"])

    @router.post("/embed", summary="Encode one text or several", response_model=EmbeddingAnswer | EmbeddingsAnswer)
    async def embed(body: EmbedBody, options: WorkOptions) -> Response:
        """Unit vectors of `text` or `texts`, with what was truncated."""
        started = time.perf_counter()
        single = body.text is not None
        if single == (body.texts is not None):
            raise InvalidInput("Send exactly one of text and texts")
        request = EmbedRequest(
            texts=[body.text] if body.text is not None else body.texts or [],
            input_type=body.input_type,
            truncate=body.truncate,
            chunked=body.chunked,
            dimensions=body.dimensions,
            allow_blank=False,
        )
        try:
            result = await encoder.encode(request, replace(options, lane=body.priority) if body.priority else options)
        except DomainError as error:
            error.rename(texts="text" if single else "texts", indexed=not single)
            raise
        vectors: Any = base64_float32(result.vectors.array) if body.encoding_format == "base64" else result.vectors
        answer: dict[str, Any] = {
            **({"embedding": vectors[0]} if single else {"embeddings": vectors}),
            "dimension": result.vectors.array.shape[1],
            "model": model_names.model_id,
            "input_type": result.input_type,
            "tokens": result.tokens,
            "truncated": bool(result.truncated) if single else result.truncated,
            "cached": bool(result.cached) if single else result.cached,
            "latency_ms": round((time.perf_counter() - started) * 1000, 2),
        }
        return ArrayJSON(answer, headers=answer_headers(result))

    return router
