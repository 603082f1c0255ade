"""Figures of rankings, against scikit-learn's and by hand."""

import math
import random

import numpy as np
import pytest

from scripts.evaluate.metrics import estimate, ndcg, recall, reciprocal_rank


def test_ndcg_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import ndcg_score

    chance = random.Random(0)
    for _ in range(50):
        ranking = list(range(30))
        chance.shuffle(ranking)
        relevant = set(chance.sample(range(30), chance.randint(1, 15)))
        truth = [[float(point in relevant) for point in ranking]]
        wanted = ndcg_score(truth, [[-float(place) for place in range(30)]], k=10)
        assert ndcg(ranking, relevant, 10) == pytest.approx(wanted)


def test_what_was_not_found_counts_as_missed() -> None:
    assert ndcg([1], {2}, 10) == 0
    assert ndcg([], {2}, 10) == 0
    assert ndcg([1], {1, 2}, 10) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert reciprocal_rank([5, 6, 7], {7, 9}) == pytest.approx(1 / 3)
    assert reciprocal_rank([5], {7}) == 0
    assert recall([1, 2, 3, 4], {2, 4, 9}, 3) == pytest.approx(1 / 3)


def test_the_interval_is_about_as_wide_as_theory_has_it() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, 400)
    mean, low, high = estimate(values)
    assert mean == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(400), rel=0.15)


def test_queries_that_were_not_asked_do_not_count() -> None:
    assert estimate(np.array([np.nan, 1.0, 1.0])) == (1, 1, 1)
    assert estimate(np.array([np.nan, 1.0])) == (1, -math.inf, math.inf)
