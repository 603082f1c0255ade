"""Scores of pairs: one request for each query among them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from bentos.common.backends.interface import Outputs
from bentos.common.errors import DomainError
from bentos.common.work_options import WorkOptions
from bentos.rerank.request import Ranking, RerankRequest


async def score_pairs(
    pairs: Sequence[tuple[str, str]],
    rerank: Callable[[RerankRequest, WorkOptions], Awaitable[Ranking]],
    options: WorkOptions,
) -> Outputs:
    """Score (query, document) pairs, blank ones too; if one query fails the work for the others is dropped.

    Args:
        pairs: at least one.
        rerank: scores one request.
        options: of the work for all of them.

    Returns:
        float32 `[pairs]`, in their order, between 0 and 1.

    Raises:
        DomainError: the first that `rerank` raised.
    """
    by_query: dict[str, list[int]] = {}
    for index, (query, _) in enumerate(pairs):
        by_query.setdefault(query, []).append(index)
    scores = np.empty(len(pairs), np.float32)

    async def fill_in(query: str, indexes: list[int]) -> None:
        documents = [pairs[index][1] for index in indexes]
        request = RerankRequest(query, documents, allow_blank_query=True)
        scores[indexes] = (await rerank(request, options)).scores

    try:
        async with asyncio.TaskGroup() as group:
            for query, indexes in by_query.items():
                group.create_task(fill_in(query, indexes))
    except ExceptionGroup as failed:
        [error, *_] = failed.exceptions
        if isinstance(error, DomainError):
            error.rename(documents="pairs")
        raise error from None
    return scores


def texts_of(pairs: Sequence[Sequence[str]]) -> list[str]:
    """All queries and documents, as often as they come."""
    return [text for pair in pairs for text in pair]


def is_pair(item: object) -> bool:
    """Whether a parsed piece of JSON is a query and a document."""
    return isinstance(item, list) and len(item) == 2 and all(isinstance(text, str) for text in item)
