"""What the two versions of Cohere's rerank have in common."""

import math
from collections.abc import Sequence
from typing import Any, Literal

from bentos.common.errors import InvalidInput, NoItems
from bentos.common.http.dialects import cohere
from bentos.rerank.request import Ranking

_DOCUMENTS_PER_UNIT = 100
_TOKENS_PER_DOCUMENT = 500


def check(query: str, documents: Sequence[object]) -> None:
    """Refuse what the vendor refuses, in its words. A blank document is scored like any other.

    Raises:
        NoItems: no document.
        InvalidInput: blank query.
    """
    if not documents:
        raise NoItems("list of documents must not be empty")
    if not query.strip():
        raise InvalidInput("query must not be empty")


def results(ranking: Ranking, top_n: int | None) -> list[dict[str, Any]]:
    """Results, best first."""
    scores = ranking.scores
    return [{"index": index, "relevance_score": scores[index]} for index in ranking.best_first(top_n)]


def meta(version: Literal["1", "2"], ranking: Ranking) -> dict[str, Any]:
    """The answer's `meta`, with a warning for each text that was truncated."""
    warnings = ["query was too long and was truncated"] if ranking.query_truncated else []
    warnings += [f"documents.{index} was too long and was truncated" for index in ranking.truncated]
    return cohere.meta(version, {"search_units": search_units(ranking.pair_tokens)}, warnings)


def search_units(pair_tokens: Sequence[int]) -> int:
    """How much the vendor would bill (cohere.com/pricing).

    A unit is a query with up to 100 documents. A document of more than 500 tokens, the query's included, counts once
    for every 500.
    """
    documents = sum(max(1, math.ceil(tokens / _TOKENS_PER_DOCUMENT)) for tokens in pair_tokens)
    return math.ceil(documents / _DOCUMENTS_PER_UNIT)
