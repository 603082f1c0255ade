"""Whether search is good enough: limits that figures must keep."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.command import UsageError
from scripts.evaluate.metrics import estimate
from scripts.evaluate.run import Evaluation

_THRESHOLD = re.compile(r"^(?:(?P<system>[^:]+):)?(?P<metric>[a-z]+(?:@\d+)?)=(?P<minimum>\d*\.?\d+)$")
JUDGED = "new"
"""System that is judged unless a threshold names another."""


@dataclass(frozen=True)
class Threshold:
    """The minimum of a figure."""

    system: str
    metric: str
    minimum: float


def threshold(text: str) -> Threshold:
    """`ndcg@10=0.6`, or of another system `new, reranked:mrr=0.7`.

    Raises:
        UsageError: it is written otherwise.
    """
    found = _THRESHOLD.match(text)
    if not found:
        raise UsageError(f"A threshold is written like ndcg@10=0.6 or 'new, reranked:mrr=0.7', not {text}.")
    return Threshold(found["system"] or JUDGED, found["metric"], float(found["minimum"]))


def refuse_unknown(thresholds: Sequence[Threshold], systems: Sequence[str], metrics: Sequence[str]) -> None:
    """Refuse limits of figures that will not be measured.

    Raises:
        UsageError: there is no such system or metric.
    """
    for one in thresholds:
        if one.system not in systems:
            raise UsageError(f"There is no system {one.system!r} to judge: choose {'; '.join(systems)}.")
        if one.metric not in metrics:
            raise UsageError(f"There is no metric {one.metric}: choose {', '.join(metrics)}.")


def missed(found: Evaluation, thresholds: Sequence[Threshold], max_loss: float | None) -> list[str]:
    """Sentences on limits that are not kept.

    Args:
        max_loss: maximum nDCG@10 that the new vectors may lose against the old ones; None is any.
    """
    sentences = [
        f"{one.metric} of {one.system} is {mean:.3f}, below {one.minimum:g}."
        for one in thresholds
        if not (mean := found.estimate(one.system, one.metric).mean) >= one.minimum
    ]
    if max_loss is not None and not (gain := estimate(found.difference(JUDGED, "old", "ndcg@10")).mean) >= -max_loss:
        sentences.append(f"ndcg@10 of {JUDGED} is {-gain:.3f} below that of old, more than {max_loss:g}.")
    return sentences


def comparisons(found: Evaluation) -> list[str]:
    """How each system compares with the first, in words, and whether chance may be the reason."""
    first, *others = found.figures
    sentences = []
    for name in others:
        mean, low, high = estimate(found.difference(name, first, "ndcg@10"))
        interval = f" (95 %: {low:+.3f} to {high:+.3f})" if math.isfinite(low) else ""
        if low > 0 or high < 0:
            how = f"is {'better' if mean > 0 else 'worse'} than {first}"
        else:
            how = f"and {first} cannot be told apart"
        sentences.append(f"{name} {how}: nDCG@10 {mean:+.3f}{interval}.")
    return sentences
