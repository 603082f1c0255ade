"""text-embeddings-inference: `POST /rerank` with `texts`, which `DialectDispatchMiddleware` sends to `/tei/rerank`."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bentos.common.errors import NoItems
from bentos.common.http import headers as request_headers
from bentos.common.http.dialects.tei import TEIRoute, truncation
from bentos.common.http.responses import ArrayJSON
from bentos.rerank.cross_encoder import CrossEncoder, RerankRequest
from bentos.rerank.schemas.tei import Rank, RerankTEIBody


def create_router(cross_encoder: CrossEncoder) -> APIRouter:
    """The router of `POST /tei/rerank`."""
    router = APIRouter(route_class=TEIRoute, tags=["text-embeddings-inference"])

    @router.post(
        "/tei/rerank",
        summary="Order texts by a query",
        response_model=list[Rank],
        openapi_extra=request_headers.COMPUTING,
    )
    async def rerank(body: RerankTEIBody, request: Request) -> Response:
        """Texts' scores, best first."""
        if not body.texts:
            raise NoItems("`texts` cannot be empty")
        ranking = await cross_encoder.rerank(
            RerankRequest(
                query=body.query,
                documents=body.texts,
                max_windows_per_doc=1,
                truncate=truncation(body.truncate, body.truncation_direction),
                deadline=request_headers.deadline(request),
                no_store=request_headers.no_store(request),
                param="texts",
                allow_blank=True,
            )
        )
        scores = ranking.logits if body.raw_scores else ranking.scores
        ranks: list[dict[str, Any]] = [{"index": index, "score": scores[index]} for index in ranking.best_first()]
        if body.return_text:
            for rank in ranks:
                rank["text"] = body.texts[rank["index"]]
        return ArrayJSON(ranks)

    return router
