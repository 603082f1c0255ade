"""What the cross-encoder is asked for, and what it answers, whatever dialect asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bentos.common.backends.interface import Outputs, TokenIds
from bentos.common.engine.pairs import PairFormat
from bentos.common.engine.tokenizer import Truncation


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """Documents to score against a query.

    Attributes:
        query: not blank, unless `allow_blank_query`.
        documents: at least one; blank ones are scored like any other.
        instruction: what to judge by, for models that take one; none leaves it to the model.
        max_tokens_per_doc: tokens of a document that are scored, at most the limit of the settings; none takes it.
        max_windows_per_doc: windows of a document that are scored; none means all of `max_tokens_per_doc`.
        max_query_tokens: of the query that are read, at most half of the model's window; none takes that.
        max_pair_tokens: of a row: the query, a window and special tokens; none takes the model's window.
        truncate: side on which longer documents (and a query over half the window) lose tokens; `none` refuses them; by
            default the setting says.
        allow_blank_query: whether the query may be blank.
    """

    query: str
    documents: Sequence[str]
    instruction: str | None = None
    max_tokens_per_doc: int | None = None
    max_windows_per_doc: int | None = None
    max_query_tokens: int | None = None
    max_pair_tokens: int | None = None
    truncate: Truncation | None = None
    allow_blank_query: bool = False


class TokenizedQuery(NamedTuple):
    """A query as it was scored.

    Attributes:
        ids: int32 `[tokens]`.
        pairs: how it was joined with documents.
    """

    ids: TokenIds
    pairs: PairFormat


@dataclass(frozen=True, slots=True)
class Ranking:
    """Scores of a request.

    Attributes:
        logits: float32 `[documents]`, in the order of the documents.
        tokens: total, the query counted once per window, whether computed or cached.
        pair_tokens: of the query and each document, special tokens and repetitions not counted.
        truncated: indexes of the documents that were not scored to their end.
        query_truncated: whether the query lost tokens.
        cached: how many documents were in the cache, with all their windows.
        query: as it was scored; none if there were several.
    """

    logits: Outputs
    tokens: int
    pair_tokens: list[int]
    truncated: list[int]
    query_truncated: bool
    cached: int
    query: TokenizedQuery | None = None

    @property
    def scores(self) -> Outputs:
        """Sigmoid of the logits, float32 `[documents]`, between 0 and 1."""
        return sigmoid(self.logits)

    def best_first(self, top_n: int | None = None) -> list[int]:
        """Indexes of the documents by falling score, at most `top_n`; ties keep the documents' order."""
        order: list[int] = np.argsort(-self.logits, kind="stable").tolist()
        return order[:top_n]


def sigmoid(logits: Outputs) -> Outputs:
    """Scores of logits, float32 of the same shape, between 0 and 1."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits.astype(np.float64))), np.float32)
