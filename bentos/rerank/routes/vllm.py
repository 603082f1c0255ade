"""vLLM: `POST /v1/score`, and `POST /score` with its names of the two texts. Its `/rerank` is Jina's."""

import time
from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from bentos.common.errors import DomainError, InvalidInput, NoItems
from bentos.common.http.dialect_router import DialectRouter, SharedPath
from bentos.common.http.dialects.openai import OpenAIRoute
from bentos.common.http.headers import truncated_header
from bentos.common.http.responses import ArrayJSON
from bentos.common.models.aliases import ModelNames
from bentos.common.observability.logging import request_id
from bentos.common.work_options import WorkOptions
from bentos.rerank.cross_encoder import CrossEncoder
from bentos.rerank.request import Ranking, RerankRequest
from bentos.rerank.schemas.vllm import ScoreAnswer, ScoreBody
from bentos.rerank.scoring import score_pairs

SHARED = SharedPath("/score", prefix="/v1", fields=["text_1", "text_2", "data_1", "data_2", "queries"])


def create_router(cross_encoder: CrossEncoder, model_names: ModelNames) -> APIRouter:
    """The router of `POST /v1/score`."""
    router = DialectRouter(shared=[SHARED], route_class=OpenAIRoute, tags=["vLLM"])

    @router.post(SHARED.own, summary="Scores of pairs of texts", response_model=ScoreAnswer)
    async def score(body: ScoreBody, options: WorkOptions) -> Response:
        """Scores in the order of the pairs."""
        model_names.check(body.model)
        first, second = body.sides
        pairs = _pairs(body)

        async def rerank(request: RerankRequest, options: WorkOptions) -> Ranking:
            return await cross_encoder.rerank(replace(request, **body.pair_limits), options)

        try:
            cross_encoder.check_number(pairs)
            ranking = await score_pairs(pairs, rerank, options, instruction=body.judged_by)
        except DomainError as error:
            error.rename(documents=second, max_pair_tokens="truncate_prompt_tokens")
            error.rename(query=first, indexed=isinstance(getattr(body, first), list))
            error.rename(pairs=second, indexed=isinstance(getattr(body, second), list))
            raise
        scores = ranking.logits if body.use_activation is False else ranking.scores
        tokens = ranking.tokens
        return ArrayJSON(
            {
                "id": request_id.get(),
                "object": "list",
                "created": int(time.time()),
                "model": model_names.model_id,
                "data": [{"index": index, "object": "score", "score": score} for index, score in enumerate(scores)],
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens, "completion_tokens": 0},
            },
            headers=truncated_header(ranking.truncated),
        )

    return router


def _pairs(body: ScoreBody) -> list[tuple[str, str]]:
    """One text with each of several, or each with its own.

    Raises:
        NoItems: a list is empty.
        InvalidInput: the lists differ in length.
    """
    first, second = body.sides
    firsts, seconds = body.texts(first), body.texts(second)
    for name, texts in ((first, firsts), (second, seconds)):
        if not texts:
            raise NoItems("Send at least one text.", loc=(name,))
    if len(firsts) == 1:
        firsts *= len(seconds)
    if len(firsts) != len(seconds):
        raise InvalidInput(f"{len(firsts)} texts do not pair with {len(seconds)}.", loc=(first,))
    return list(zip(firsts, seconds, strict=True))
