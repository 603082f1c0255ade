"""Another server's times beside ours, measured in turns in one run."""

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.bench.closed_loop import Samples
from scripts.bench.targets import Measure


@dataclass(frozen=True)
class Other:
    """A server to compare with; one of the URLs may be missing.

    Attributes:
        dialect: the dialect that it speaks, a name of `DIALECTS`.
        model: name that its requests carry, if its dialect asks for one.
    """

    dialect: str
    embed_url: str | None
    rerank_url: str | None
    key: str | None
    model: str


@dataclass(frozen=True)
class Compared:
    """One measure on both, in milliseconds."""

    measure: Measure
    p50: float
    p95: float
    other_p50: float
    other_p95: float

    @property
    def ratio(self) -> float:
        """How many times as long the other one takes, by the median."""
        return self.other_p50 / self.p50


def compare(own: Samples, other: Samples) -> Iterator[Compared]:
    """All measures that both have."""
    for measure in own.milliseconds:
        if measure in other.milliseconds:
            figures = (samples.percentile(measure, percent) for samples in (own, other) for percent in (50, 95))
            yield Compared(measure, *figures)
