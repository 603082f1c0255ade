"""NVIDIA's NIM: `POST /v1/ranking`."""

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.errors import DomainError
from bentos.common.http.dialects.nvidia import NVIDIARoute
from bentos.common.http.headers import truncated_header
from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import RerankRequest
from bentos.rerank.schemas.nvidia import RankingAnswer, RankingBody


def create_router(cross_encoder: CrossEncoder, model_names: ModelNames) -> APIRouter:
    """The router of `POST /v1/ranking`."""
    router = APIRouter(route_class=NVIDIARoute, tags=["NVIDIA NIM"])

    @router.post("/v1/ranking", summary="Order passages by a query", response_model=RankingAnswer)
    async def ranking(body: RankingBody, options: WorkOptions) -> Response:
        """Passages with their logits, best first."""
        model_names.check(body.model)
        request = RerankRequest(body.query.text, [passage.text for passage in body.passages], truncate=body.truncate)
        try:
            ranking = await cross_encoder.rerank(request, options)
        except DomainError as error:
            error.rename(documents="passages")
            raise
        logits, tokens = ranking.logits, ranking.tokens
        return ArrayJSON(
            {
                "rankings": [
                    {"index": index, "logit": logits[index]} for index in ranking.best_first(body.most_results)
                ],
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            },
            headers=truncated_header(ranking.truncated, query=ranking.query_truncated),
        )

    return router
