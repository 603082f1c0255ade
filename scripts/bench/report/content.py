"""Everything that one run has measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scripts.bench.closed_loop import Plan, Row, Samples
from scripts.bench.compare import Compared
from scripts.bench.open_loop import Load
from scripts.bench.saturation import Saturation
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
        compared: with another server, measure by measure.
    """

    servers: Sequence[Server]
    plan: Plan
    samples: Samples
    rows: Sequence[Row]
    compared: Sequence[Compared] = ()
    load: Load | None = None
    saturation: Saturation | None = None
    measured_at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def too_slow(self) -> list[str]:
        """Titles of the figures that are."""
        return [row.target.title for row in self.rows if row.verdict is Verdict.TOO_SLOW]

    @property
    def conclusion(self) -> str:
        """One sentence."""
        if self.too_slow:
            return f"Too slow: {', '.join(self.too_slow)}."
        acceptable = [row.target.title for row in self.rows if row.verdict is Verdict.ACCEPTABLE]
        if acceptable:
            return f"Fast enough; above target: {', '.join(acceptable)}."
        return "Fast enough: every figure is below its target."
