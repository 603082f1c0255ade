"""The order of results."""

import numpy as np
import pytest

from bentos.rerank.request import Ranking


def ranking(*logits: float) -> Ranking:
    return Ranking(
        np.array(logits, np.float32), tokens=1, pair_tokens=[], truncated=[], query_truncated=False, cached=0
    )


def test_the_best_come_first_and_ties_keep_the_order_of_the_documents() -> None:
    assert ranking(0.5, 2.0, 0.5, -1.0, 2.0).best_first() == [1, 4, 0, 2, 3]


def test_top_n_keeps_the_best() -> None:
    assert ranking(0.5, 2.0, 1.0).best_first(2) == [1, 2]
    assert ranking(0.5).best_first(10) == [0]


def test_scores_are_sigmoids_of_the_logits_also_of_extreme_ones() -> None:
    scores = ranking(0.0, -200.0, 200.0, 3.0).scores
    assert scores.dtype == np.float32
    assert scores.tolist() == pytest.approx([0.5, 0.0, 1.0, 0.95257413])


def test_order_is_decided_before_scores_lose_their_differences() -> None:
    assert ranking(40.0, 50.0).best_first() == [1, 0]
