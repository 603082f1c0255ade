"""Figures of a ranking, and their confidence intervals."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scripts.migrate.sources.interface import PointId

Scores = NDArray[np.float64]
"""A figure of each query, `[queries]`; NaN where the query was not asked."""

_RESAMPLES = 2000
_AT_ONCE = 200  # resamples in memory
_CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A mean with the interval in which the mean of other such queries lies with 95 %."""

    mean: float
    low: float
    high: float


def ndcg(ranking: Sequence[PointId], relevant: Collection[PointId], k: int) -> float:
    """Normalized discounted cumulative gain of the first `k`, of relevance that is yes or no."""
    gain = sum(_discount(rank) for rank, found in enumerate(ranking[:k]) if found in relevant)
    return gain / sum(_discount(rank) for rank in range(min(k, len(relevant))))


def reciprocal_rank(ranking: Sequence[PointId], relevant: Collection[PointId]) -> float:
    """One over the rank of the first relevant point; 0 without one."""
    return next((1 / rank for rank, found in enumerate(ranking, start=1) if found in relevant), 0.0)


def recall(ranking: Sequence[PointId], relevant: Collection[PointId], k: int) -> float:
    """Share of the relevant that is among the first `k`."""
    return len(set(ranking[:k]) & set(relevant)) / len(relevant)


def scores(ranking: Sequence[PointId], relevant: Collection[PointId], top: int) -> dict[str, float]:
    """All figures of one query, of which `top` results were asked."""
    return {
        "ndcg@10": ndcg(ranking, relevant, 10),
        "mrr": reciprocal_rank(ranking, relevant),
        **{f"recall@{k}": recall(ranking, relevant, k) for k in sorted({1, 10, top}) if k <= top},
    }


def estimate(values: Scores) -> Estimate:
    """Mean and confidence interval by bootstrap over queries, those left out that were not asked."""
    from scipy.stats import bootstrap  # a second to import, which the other commands need not wait for

    asked = values[~np.isnan(values)]
    if len(asked) < 2:  # one query says nothing of others
        mean = float(asked.mean()) if len(asked) else float("nan")
        return Estimate(mean, float("-inf"), float("inf"))
    found = bootstrap(
        (asked,),
        np.mean,
        n_resamples=_RESAMPLES,
        batch=_AT_ONCE,
        confidence_level=_CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Estimate(float(asked.mean()), float(found.low), float(found.high))


def _discount(rank: int) -> float:
    return float(1 / np.log2(rank + 2))
