"""Pairs of several queries: their scores in order, and one error for all."""

import asyncio

import numpy as np
import pytest

from bentos.common.errors import InferenceFailed, InvalidInput, Overloaded
from bentos.common.work_options import DEFAULT, WorkOptions
from bentos.rerank.request import Ranking, RerankRequest
from bentos.rerank.scoring import score_pairs

pytestmark = pytest.mark.anyio


async def by_length(request: RerankRequest, _: WorkOptions) -> Ranking:
    """A document's logit is its length less the query's."""
    logits = np.array([len(document) - len(request.query) for document in request.documents], np.float32)
    tokens = [len(document) for document in request.documents]
    long = [index for index, document in enumerate(request.documents) if len(document) > 1]
    return Ranking(logits, 1, tokens, truncated=long, query_truncated=request.query == "long", cached=1)


async def test_scores_come_in_the_order_of_the_pairs() -> None:
    ranking = await score_pairs([("a", "bb"), ("aa", "bb"), ("a", "b"), ("a", "bb")], by_length, DEFAULT)
    assert ranking.logits.dtype == np.float32
    assert ranking.pair_tokens == [2, 2, 1, 2]
    assert (ranking.tokens, ranking.cached) == (2, 2)
    assert ranking.scores.tolist() == pytest.approx([0.7310586, 0.5, 0.5, 0.7310586])


async def test_a_pair_is_truncated_if_either_text_is() -> None:
    ranking = await score_pairs([("a", "b"), ("long", "b"), ("a", "bb"), ("long", "b")], by_length, DEFAULT)
    assert ranking.truncated == [1, 2, 3]
    assert not ranking.query_truncated


async def test_an_error_names_the_pair() -> None:
    async def fails(request: RerankRequest, options: WorkOptions) -> Ranking:
        if request.query != "b":
            return await by_length(request, options)
        error = InferenceFailed("It failed.", item=1)
        error.loc = ("documents", 1)
        raise error

    with pytest.raises(InferenceFailed) as failed:
        await score_pairs([("a", "x"), ("b", "x"), ("a", "x"), ("b", "x")], fails, DEFAULT)
    assert failed.value.loc == ("pairs", 3)


async def test_an_error_of_a_query_names_its_first_pair() -> None:
    async def fails(request: RerankRequest, options: WorkOptions) -> Ranking:
        if request.query != "b":
            return await by_length(request, options)
        raise InvalidInput("It is too long.", loc=("query",))

    with pytest.raises(InvalidInput) as failed:
        await score_pairs([("a", "x"), ("b", "x"), ("a", "x"), ("b", "x")], fails, DEFAULT)
    assert failed.value.loc == ("query", 1)


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
