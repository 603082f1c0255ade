"""Figures of the fidelity gate on cases that can be worked out by hand."""

import numpy as np
import pytest

from scripts.models.fidelity import metrics


def test_cosines_do_not_depend_on_length() -> None:
    reference = np.array([[1, 0], [0, 1]], np.float32)
    figures = metrics.cosines(reference, np.array([[2, 0], [1, 1]], np.float32))
    assert figures["cosine_mean"] == pytest.approx((1 + 0.5**0.5) / 2)
    assert figures["cosine_min"] == pytest.approx(0.5**0.5)


def test_zero_vector_agrees_with_nothing() -> None:
    figures = metrics.cosines(np.ones((1, 3), np.float32), np.zeros((1, 3), np.float32))
    assert figures["cosine_min"] == 0


def test_retrieval_counts_what_search_loses() -> None:
    reference = np.eye(20, dtype=np.float32)
    same = metrics.retrieval(reference, reference)
    assert (same["ndcg_at_10"], same["mrr_at_10"], same["top_10_overlap"]) == (1, 1, 1)

    candidate = reference.copy()
    candidate[0, 1] = 2  # the first query's answer falls to the second place
    worse = metrics.retrieval(reference, candidate)
    assert worse["ndcg_at_10_loss"] == pytest.approx((1 - 1 / np.log2(3)) / 20)
    assert worse["mrr_at_10_loss"] == pytest.approx(0.5 / 20)


def test_answer_beyond_the_tenth_place_is_not_found() -> None:
    candidate = np.tile(np.arange(20, dtype=np.float32), (20, 1))
    found = metrics.reciprocal_ranks(candidate)
    assert list(found[:10]) == [0] * 10
    assert found[19] == 1


def test_ranking_compares_orders_and_logits() -> None:
    reference = np.array([[3, 2, 1], [1, 2, 3]], np.float32)
    candidate = np.array([[3, 2, 1.5], [1, 3, 2]], np.float32)
    figures = metrics.ranking(reference, candidate)
    assert figures["kendall_tau"] == pytest.approx((1 + 1 / 3) / 2)
    assert figures["top_1_agreement"] == 0.5
    assert figures["logit_difference_max"] == 1


def test_equal_logits_are_no_agreement() -> None:
    figures = metrics.ranking(np.array([[3, 2, 1]], np.float32), np.zeros((1, 3), np.float32))
    assert figures["kendall_tau"] == 0


@pytest.mark.parametrize("ties", [False, True])
def test_correlations_are_those_of_scipy(ties: bool) -> None:
    from scipy.stats import kendalltau, spearmanr

    random = np.random.default_rng(int(ties))
    for _ in range(20):
        one, other = (random.normal(size=12).astype(np.float32) for _ in range(2))
        if ties:
            one, other = one.round(), other.round()
        assert metrics.spearman(one, other) == pytest.approx(spearmanr(one, other).statistic)
        assert metrics.kendall_tau(one, other) == pytest.approx(kendalltau(one, other).statistic)


def test_lists_of_equal_numbers_agree_with_nothing() -> None:
    same, numbers = np.ones(5, np.float32), np.arange(5, dtype=np.float32)
    assert metrics.spearman(same, numbers) == 0
    assert metrics.kendall_tau(same, numbers) == 0
