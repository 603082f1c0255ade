"""Figures of two sides that were measured in turn, round by round."""

from collections.abc import Sequence
from statistics import median


def median_ratio(ours: Sequence[float], reference: Sequence[float]) -> float:
    """Median of the rounds' ratios, so that drift of the machine's speed cancels out."""
    return median(our / theirs for our, theirs in zip(ours, reference, strict=True))
