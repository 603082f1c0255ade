"""Scores of pairs: one request for each query among them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from bentos.common.errors import DomainError
from bentos.common.work_options import WorkOptions
from bentos.rerank.request import Ranking, RerankRequest


async def score_pairs(
    pairs: Sequence[tuple[str, str]],
    rerank: Callable[[RerankRequest, WorkOptions], Awaitable[Ranking]],
    options: WorkOptions,
    *,
    instruction: str | None = None,
) -> Ranking:
    """Score (query, document) pairs, blank ones too; if one query fails the work for the others is dropped.

    Args:
        pairs: at least one.
        rerank: scores one request.
        options: of the work for all of them.
        instruction: see `RerankRequest`.

    Returns:
        All of a ranking in the order of the pairs; truncated are those of which either text lost tokens.

    Raises:
        DomainError: the first that `rerank` raised; a pair is `("pairs", index)`, a query `("query", index)`, of the
            first pair that has it.
    """
    by_query: dict[str, list[int]] = {}
    for index, (query, _) in enumerate(pairs):
        by_query.setdefault(query, []).append(index)
    logits = np.empty(len(pairs), np.float32)
    pair_tokens = [0] * len(pairs)
    truncated: set[int] = set()
    rankings: list[Ranking] = []

    async def fill_in(query: str, indexes: list[int]) -> None:
        documents = [pairs[index][1] for index in indexes]
        try:
            ranking = await rerank(RerankRequest(query, documents, instruction, allow_blank_query=True), options)
        except DomainError as error:
            match error.loc:
                case ("documents", int(document)):
                    error.loc = ("pairs", indexes[document])
                case ("query",):
                    error.loc = ("query", indexes[0])
                case _:
                    error.rename(documents="pairs")
            raise
        rankings.append(ranking)
        logits[indexes] = ranking.logits
        for index, tokens in zip(indexes, ranking.pair_tokens, strict=True):
            pair_tokens[index] = tokens
        truncated.update(indexes if ranking.query_truncated else (indexes[number] for number in ranking.truncated))

    try:
        async with asyncio.TaskGroup() as group:
            for query, indexes in by_query.items():
                group.create_task(fill_in(query, indexes))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    tokens, cached = (sum(getattr(ranking, name) for ranking in rankings) for name in ("tokens", "cached"))
    return Ranking(logits, tokens, pair_tokens, sorted(truncated), query_truncated=False, cached=cached)


def texts_of(pairs: Sequence[Sequence[str]]) -> list[str]:
    """All queries and documents, as often as they come."""
    return [text for pair in pairs for text in pair]


def is_pair(item: object) -> bool:
    """Whether a parsed piece of JSON is a query and a document."""
    return isinstance(item, list) and len(item) == 2 and all(isinstance(text, str) for text in item)
