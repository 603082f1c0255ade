"""What is fast enough: the five targets of the deployment guide, which flags or a file replace."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from scripts.command import UsageError

_OVERRIDE = re.compile(r"^(?P<name>[a-z0-9-]+)=(?P<target>[0-9.]+)/(?P<acceptable>[0-9.]+)$")


class Measure(StrEnum):
    """A kind of request whose latency is measured."""

    EMBED = "embedding"
    EMBED_CACHED = "embedding, cached"
    BATCH = "batch, per document"
    RERANK = "rerank"
    RERANK_CACHED = "rerank, cached"


class Verdict(StrEnum):
    """Judgement of a measured time."""

    TARGET = "target"
    ACCEPTABLE = "acceptable"
    TOO_SLOW = "too slow"


@dataclass(frozen=True)
class Target:
    """Limits of one figure.

    Attributes:
        name: name in flags and files.
        percentile: percentile of the measured times that is judged.
        target_ms: below it the figure is as it should be.
        acceptable_ms: below it the figure is acceptable.
    """

    name: str
    title: str
    measure: Measure
    percentile: int
    target_ms: float
    acceptable_ms: float

    def verdict(self, milliseconds: float) -> Verdict:
        """Judge a figure."""
        if milliseconds < self.target_ms:
            return Verdict.TARGET
        return Verdict.ACCEPTABLE if milliseconds < self.acceptable_ms else Verdict.TOO_SLOW


GUIDE = (
    Target("single-embedding", "Single embedding", Measure.EMBED, 50, 50, 100),
    Target("batch-per-document", "Batch, per document", Measure.BATCH, 50, 25, 50),
    Target("rerank", "Rerank", Measure.RERANK, 50, 150, 250),
    Target("p95-embedding", "P95 embedding", Measure.EMBED, 95, 100, 150),
    Target("p95-rerank", "P95 rerank", Measure.RERANK, 95, 200, 300),
)


def with_overrides(file: Path | None, flags: Iterable[str]) -> tuple[Target, ...]:
    """The guide's targets, changed by a JSON file `{"rerank": [100, 200]}` and then by flags `rerank=100/200`.

    Raises:
        UsageError: with one sentence, if an override names no target or has no two rising limits.
    """
    limits = {**(_from_file(file) if file else {}), **dict(map(_from_flag, flags))}
    known = {target.name: target for target in GUIDE}
    for name, (target_ms, acceptable_ms) in limits.items():
        if name not in known:
            raise UsageError(f"There is no target {name}: choose {', '.join(known)}.")
        if not 0 < target_ms <= acceptable_ms:
            raise UsageError(f"The target {name} needs two positive limits, the first not above the second.")
        known[name] = replace(known[name], target_ms=target_ms, acceptable_ms=acceptable_ms)
    return tuple(known.values())


def _from_flag(text: str) -> tuple[str, tuple[float, float]]:
    found = _OVERRIDE.match(text)
    if not found:
        raise UsageError(f"A target is written like rerank=100/200 (target/acceptable, in ms), not {text}.")
    return found["name"], _limits(found["name"], [found["target"], found["acceptable"]])


def _from_file(file: Path) -> dict[str, tuple[float, float]]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"The targets in {file} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise UsageError(f'The targets in {file} are not of the form {{"rerank": [100, 200]}}.')
    return {name: _limits(name, pair) for name, pair in content.items()}


def _limits(name: str, pair: object) -> tuple[float, float]:
    try:
        target_ms, acceptable_ms = map(float, pair)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        raise UsageError(f"The target {name} needs two numbers, target and acceptable, in ms.") from None
    return target_ms, acceptable_ms
