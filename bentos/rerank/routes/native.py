"""The native route: `POST /rerank`."""

import time
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.http.headers import truncated_header
from bentos.common.http.responses import ArrayJSON
from bentos.common.http.route import DialectRoute
from bentos.common.models.aliases import ModelNames
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import RerankRequest
from bentos.rerank.schemas.native import RerankAnswer, RerankBody


def create_router(cross_encoder: CrossEncoder, model_names: ModelNames) -> APIRouter:
    """The router of `POST /rerank`."""
    router = APIRouter(route_class=DialectRoute, tags=["native"])

    @router.post(
        "/rerank",
        summary="Order documents by a query",
        response_model=RerankAnswer,
    )
    async def rerank(body: RerankBody, options: WorkOptions) -> Response:
        """Documents with their scores, best first."""
        started = time.perf_counter()
        request = RerankRequest(
            query=body.query,
            documents=body.documents,
            instruction=body.instruction,
            max_tokens_per_doc=body.max_tokens_per_doc,
            truncate=body.truncate,
        )
        ranking = await cross_encoder.rerank(
            request, replace(options, lane=body.priority) if body.priority else options
        )
        scores = ranking.scores
        results: list[dict[str, Any]] = [
            {"index": index, "score": scores[index], "relevance_score": scores[index]}
            for index in ranking.best_first(body.top_n)
        ]
        if body.return_documents is not False:
            for result in results:
                result["document"] = body.documents[result["index"]]
        return ArrayJSON(
            {
                "results": results,
                "model": model_names.model_id,
                "tokens": ranking.tokens,
                "truncated": ranking.truncated,
                "query_truncated": ranking.query_truncated,
                "cached": ranking.cached,
                "latency_ms": round((time.perf_counter() - started) * 1000, 2),
            },
            headers=truncated_header(ranking.truncated, query=ranking.query_truncated),
        )

    return router
