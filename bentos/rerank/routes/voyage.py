"""Voyage: `POST /v1/rerank` as its clients send it, which is `/voyage/v1/rerank`."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.http.dialect_router import DialectRouter, SharedPath
from bentos.common.http.dialects.voyage import JAVASCRIPT_CLIENT, PREFIX, VoyageRoute
from bentos.common.http.headers import truncated_header
from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import RerankRequest
from bentos.rerank.schemas.voyage import RerankVoyageAnswer, RerankVoyageBody

SHARED = SharedPath(
    "/v1/rerank",
    prefix=PREFIX,
    fields=["top_k", "truncation"],
    unless=[
        *("top_n", "rank_fields", "max_chunks_per_doc", "truncate", "max_doc_length", "max_query_length"),
        *("truncate_prompt_tokens", "raw_scores", "use_activation"),
    ],
    headers=[JAVASCRIPT_CLIENT],
)


def create_router(cross_encoder: CrossEncoder, model_names: ModelNames) -> APIRouter:
    """The router of `POST /voyage/v1/rerank`."""
    router = DialectRouter(shared=[SHARED], route_class=VoyageRoute, tags=["Voyage"])

    @router.post(
        SHARED.own,
        summary="POST /v1/rerank with `top_k` or `truncation`",
        response_model=RerankVoyageAnswer,
    )
    async def rerank(body: RerankVoyageBody, options: WorkOptions) -> Response:
        """Documents with their scores, best first."""
        model_names.check(body.model)
        request = RerankRequest(
            query=body.query,
            documents=body.documents,
            truncate=None if body.truncation is None else "end" if body.truncation else "none",
        )
        ranking = await cross_encoder.rerank(request, options)
        scores = ranking.scores
        results: list[dict[str, Any]] = [
            {"index": index, "relevance_score": scores[index]} for index in ranking.best_first(body.most_results)
        ]
        if body.return_documents:
            for result in results:
                result["document"] = body.documents[result["index"]]
        return ArrayJSON(
            {
                "object": "list",
                "data": results,
                "model": model_names.model_id,
                "usage": {"total_tokens": ranking.tokens},
            },
            headers=truncated_header(ranking.truncated, query=ranking.query_truncated),
        )

    return router
