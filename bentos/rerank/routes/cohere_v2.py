"""Cohere v2: `POST /v2/rerank`."""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.http.dialects.cohere import CohereRoute
from bentos.common.http.headers import truncated_header
from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.common.observability.logging import request_id
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.routes import cohere
from bentos.rerank.schemas.cohere import RerankV2Answer, RerankV2Body


def create_router(cross_encoder: CrossEncoder, model_names: ModelNames) -> APIRouter:
    """The router of `POST /v2/rerank`."""
    router = APIRouter(route_class=CohereRoute, tags=["Cohere v2"])

    @router.post(
        "/v2/rerank",
        summary="Order documents by a query",
        response_model=RerankV2Answer,
    )
    async def rerank(body: RerankV2Body, options: WorkOptions) -> Response:
        """Documents with their scores, best first."""
        model_names.check(body.model)
        ranking, results = await cohere.rank(cross_encoder, body, options)
        if body.return_documents:
            cohere.add_documents(body, results)
        return ArrayJSON(
            {
                "id": request_id.get(),
                "results": results,
                "meta": cohere.meta("2", ranking),
            },
            headers=truncated_header(ranking.truncated, query=ranking.query_truncated),
        )

    return router
