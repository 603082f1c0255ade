"""Cohere v1 and Jina: `POST /v1/rerank`, one body and one answer for both."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.engine.tokenizer import Truncation
from bentos.common.http.dialects.cohere import TRUNCATIONS, CohereRoute
from bentos.common.http.headers import truncated_header
from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.common.observability.logging import request_id
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import RerankRequest
from bentos.rerank.routes import cohere
from bentos.rerank.routes.document_text import scored_text
from bentos.rerank.schemas.cohere import RerankV1Answer, RerankV1Body

_TEXT_FIELD = "text"
_MOST_CHUNKS = 10
_TRUNCATIONS: Mapping[str | bool | None, Truncation | None] = {**TRUNCATIONS, True: "end", False: "none"}


def create_router(cross_encoder: CrossEncoder, model_names: ModelNames) -> APIRouter:
    """The router of `POST /v1/rerank`."""
    router = APIRouter(route_class=CohereRoute, tags=["Cohere v1", "Jina"])

    @router.post(
        "/v1/rerank",
        summary="Order documents by a query",
        response_model=RerankV1Answer,
    )
    async def rerank(body: RerankV1Body, options: WorkOptions) -> Response:
        """Documents with their scores, best first."""
        model_names.check(body.model)
        cohere.check(body.query, body.documents)
        cross_encoder.check_number(body.documents)
        fields = list(dict.fromkeys(body.rank_fields or [_TEXT_FIELD]))
        ranking = await cross_encoder.rerank(
            RerankRequest(
                query=body.query,
                documents=[scored_text(document, fields, index) for index, document in enumerate(body.documents)],
                max_windows_per_doc=body.max_chunks_per_doc or _MOST_CHUNKS,
                truncate=_TRUNCATIONS[body.truncate],
            ),
            options,
        )
        results = cohere.results(ranking, body.top_n)
        if body.wants_documents:
            for result in results:
                document = body.documents[result["index"]]
                result["document"] = {_TEXT_FIELD: document} if isinstance(document, str) else document
        return ArrayJSON(
            {
                "id": request_id.get(),
                "model": model_names.model_id,
                "results": results,
                "meta": cohere.meta("1", ranking),
                "usage": {"total_tokens": ranking.tokens},
            },
            headers=truncated_header(ranking.truncated, query=ranking.query_truncated),
        )

    return router
