"""Everything that one run has measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scripts.bench.closed_loop import Judgement, Plan, Samples
from scripts.bench.compare import Compared
from scripts.bench.open_loop import Load
from scripts.bench.saturation import Saturation
from scripts.bench.search import SearchTimes
from scripts.bench.targets import Verdict


@dataclass(frozen=True)
class Server:
    """What a server says about itself; empty where it says nothing."""

    name: str
    url: str
    model: str = ""
    backend: str = ""
    version: str = ""


@dataclass(frozen=True)
class Report:
    """One run.

    Attributes:
        rows: the judged figures of the closed loop.
        compared: the same measures of another server.
        search: whole searches, if a collection was named.
    """

    servers: Sequence[Server]
    plan: Plan
    samples: Samples
    rows: Sequence[Judgement]
    compared: Sequence[Compared] = ()
    load: Load | None = None
    saturation: Saturation | None = None
    search: SearchTimes | None = None
    measured_at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def too_slow(self) -> list[str]:
        """Titles of the figures that are."""
        return [row.target.title for row in self.rows if row.verdict is Verdict.TOO_SLOW]

    @property
    def not_held(self) -> list[str]:
        """Load that the service did not sustain."""
        loads = []
        if self.load and not self.load.holds:
            loads.append(f"{self.load.rate:g} requests/s on {self.load.service}")
        if self.saturation and self.saturation.best is None:
            loads.append("any rate of the search")
        return loads

    @property
    def fast_enough(self) -> bool:
        """Whether nothing is too slow and all load was sustained."""
        return not (self.too_slow or self.not_held)

    @property
    def conclusion(self) -> str:
        """A sentence or two."""
        if not self.fast_enough:
            parts = {"Too slow": self.too_slow, "Not sustained": self.not_held}
            return " ".join(f"{name}: {', '.join(found)}." for name, found in parts.items() if found)
        acceptable = [row.target.title for row in self.rows if row.verdict is Verdict.ACCEPTABLE]
        if acceptable:
            return f"Fast enough; above target: {', '.join(acceptable)}."
        return "Fast enough: every figure is below its target."
