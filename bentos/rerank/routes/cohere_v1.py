"""Cohere v1, Jina, vLLM and Infinity: `POST /v1/rerank`, and `POST /rerank` with `model`; one body and one answer."""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.http.dialect_router import DialectRouter, SharedPath
from bentos.common.http.dialects.jina import JinaRoute
from bentos.common.http.headers import truncated_header
from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.common.observability.logging import request_id
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.routes import cohere
from bentos.rerank.schemas.cohere import RerankV1Answer, RerankV1Body

SHARED = SharedPath("/rerank", prefix="/v1", fields=["model"], unless=["texts"])
_MOST_CHUNKS = 10


def create_router(cross_encoder: CrossEncoder, model_names: ModelNames) -> APIRouter:
    """The router of `POST /v1/rerank`."""
    router = DialectRouter(shared=[SHARED], route_class=JinaRoute, tags=["Cohere v1", "Jina", "vLLM", "Infinity"])

    @router.post(
        SHARED.own,
        summary="Order documents by a query",
        response_model=RerankV1Answer,
    )
    async def rerank(body: RerankV1Body, options: WorkOptions) -> Response:
        """Documents with their scores, best first."""
        model_names.check(body.model)
        ranking, results = await cohere.rank(cross_encoder, body, options, most_windows=_MOST_CHUNKS)
        if body.wants_documents:
            cohere.add_documents(body, results)
        tokens = ranking.tokens
        return ArrayJSON(
            {
                "id": request_id.get(),
                "model": model_names.model_id,
                "results": results,
                "meta": cohere.meta("1", ranking),
                "usage": {"prompt_tokens": tokens, "completion_tokens": 0, "total_tokens": tokens},
            },
            headers=truncated_header(ranking.truncated, query=ranking.query_truncated),
        )

    return router
