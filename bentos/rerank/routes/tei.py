"""text-embeddings-inference: `POST /rerank` with `texts`, which is `/tei/rerank`, and `POST /predict`."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.errors import DomainError, NoItems
from bentos.common.http.dialect_router import DialectRouter, SharedPath
from bentos.common.http.dialects.tei import TEIRoute, truncation
from bentos.common.http.headers import truncated_header
from bentos.common.http.responses import ArrayJSON
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import Ranking, RerankRequest
from bentos.rerank.schemas.tei import Prediction, PredictTEIBody, Rank, RerankTEIBody
from bentos.rerank.scoring import score_pairs

_LABEL = "LABEL_0"
"""As `/info` calls the model's only class."""
SHARED = SharedPath("/rerank", prefix="/tei", fields=["texts"])


def create_router(cross_encoder: CrossEncoder) -> APIRouter:
    """The router of `POST /tei/rerank`."""
    router = DialectRouter(shared=[SHARED], route_class=TEIRoute, tags=["text-embeddings-inference"])

    @router.post(
        SHARED.own,
        summary="Order texts by a query",
        response_model=list[Rank],
    )
    async def rerank(body: RerankTEIBody, options: WorkOptions) -> Response:
        """Texts' scores, best first."""
        if not body.texts:
            raise NoItems("`texts` cannot be empty")
        request = RerankRequest(
            query=body.query,
            documents=body.texts,
            max_windows_per_doc=1,
            truncate=truncation(body.truncate, body.truncation_direction, cross_encoder.truncate),
            allow_blank_query=True,
        )
        try:
            ranking = await cross_encoder.rerank(request, options)
        except DomainError as error:
            error.rename(documents="texts")
            raise
        scores = ranking.logits if body.raw_scores else ranking.scores
        ranks: list[dict[str, Any]] = [
            {"index": index, "score": scores[index]} for index in ranking.best_first(body.most_results)
        ]
        if body.return_text:
            for rank in ranks:
                rank["text"] = body.texts[rank["index"]]
        return ArrayJSON(ranks, headers=truncated_header(ranking.truncated, query=ranking.query_truncated))

    @router.post(
        "/predict",
        summary="Scores of pairs of texts",
        response_model=list[Prediction] | list[list[Prediction]],
    )
    async def predict(body: PredictTEIBody, options: WorkOptions) -> Response:
        """Scores in the order of the pairs."""
        pairs = body.pairs
        cut = truncation(body.truncate, body.truncation_direction, cross_encoder.truncate)

        async def one_window(request: RerankRequest, options: WorkOptions) -> Ranking:
            return await cross_encoder.rerank(replace(request, max_windows_per_doc=1, truncate=cut), options)

        try:
            cross_encoder.check_number(pairs)
            ranking = await score_pairs(pairs, one_window, options)
        except DomainError as error:
            error.rename(documents="inputs")
            error.rename(query="inputs", pairs="inputs", indexed=body.is_batch)
            raise
        scores = ranking.logits if body.raw_scores else ranking.scores
        predictions = [[{"score": score, "label": _LABEL}] for score in scores]
        return ArrayJSON(predictions if body.is_batch else predictions[0], headers=truncated_header(ranking.truncated))

    return router
