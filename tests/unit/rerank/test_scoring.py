"""Pairs of several queries: their scores in order, and one error for all."""

import asyncio

import numpy as np
import pytest

from bentos.common.errors import Overloaded
from bentos.common.work_options import DEFAULT, WorkOptions
from bentos.rerank.request import Ranking, RerankRequest
from bentos.rerank.scoring import score_pairs

pytestmark = pytest.mark.anyio


async def by_length(request: RerankRequest, _: WorkOptions) -> Ranking:
    """A document's logit is its length less the query's."""
    logits = np.array([len(document) - len(request.query) for document in request.documents], np.float32)
    return Ranking(logits, tokens=1, pair_tokens=[], truncated=[], query_truncated=False, cached=0)


async def test_scores_come_in_the_order_of_the_pairs() -> None:
    scores = await score_pairs([("a", "bb"), ("aa", "bb"), ("a", "b"), ("a", "bb")], by_length, DEFAULT)
    assert scores.dtype == np.float32
    assert scores.tolist() == pytest.approx([0.7310586, 0.5, 0.5, 0.7310586])


async def test_an_error_of_one_query_ends_the_work_for_the_others() -> None:
    ended: list[str] = []

    async def rerank(request: RerankRequest, _: WorkOptions) -> Ranking:
        try:
            if request.query == "refused":
                raise Overloaded("The queue is full.", retry_after=1)
            never: asyncio.Future[Ranking] = asyncio.get_running_loop().create_future()
            return await never
        finally:
            ended.append(request.query)

    with pytest.raises(Overloaded):
        await score_pairs([("one", "b"), ("two", "b"), ("refused", "b")], rerank, DEFAULT)
    assert sorted(ended) == ["one", "refused", "two"]
