"""What a run found, from single loads to the figures that the report shows. All of it goes to JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.load import Load
from benchmarks.peers.catalogue import OURS
from benchmarks.peers.work import QUERY, RERANK_20, RERANK_100, Work
from scripts.percentile import percentile

LATENCY_LOADS = {QUERY, RERANK_20, RERANK_100}
"""Loads of one client: latency is what matters. In the others it is tokens per second."""


@dataclass(frozen=True)
class Sample:
    """One load of one round on one contestant; seconds."""

    contestant: str
    precision: str
    load: str
    round: int
    seconds: float
    latencies: list[float]
    tokens: int
    operations: float

    @classmethod
    def of(cls, contestant: str, precision: str, number: int, work: Work, load: Load, operations: float) -> "Sample":
        """Join what was asked with what was measured."""
        return cls(contestant, precision, work.load, number, load.seconds, load.latencies, work.tokens, operations)


@dataclass(frozen=True)
class Figures:
    """All rounds of a load on one contestant.

    Attributes:
        contestant: name.
        precision: of its arithmetic.
        load: name.
        p50_ms: of all requests of all rounds, like the other percentiles; None in process with several clients.
        p95_ms: as above.
        p99_ms: as above.
        tokens_per_second: median of the rounds.
        ours_is_faster: how many times; median of the rounds' ratios of p50 or of tokens/s. None without ours.
        gemm_peak_share: operations per second as a fraction of the measured peak in this precision.
    """

    contestant: str
    precision: str
    load: str
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    tokens_per_second: float
    ours_is_faster: float | None
    gemm_peak_share: float | None


@dataclass(frozen=True)
class Interference:
    """Our service: one query at a time, alone and while bulk clients saturate it; milliseconds.

    Attributes:
        queries: measured, of each.
        idle_p50_ms: alone.
        idle_p99_ms: alone.
        bulk_p50_ms: beside the bulk clients.
        bulk_p99_ms: beside the bulk clients.
        target_batch_ms: time that one micro-batch should take, as the service is set.
        micro_batch_ms: time that one took while the service was saturated, on average.
    """

    queries: int
    idle_p50_ms: float
    idle_p99_ms: float
    bulk_p50_ms: float
    bulk_p99_ms: float
    target_batch_ms: float
    micro_batch_ms: float


@dataclass
class Results:
    """Everything that one run found.

    Attributes:
        machine: processor, threads, date.
        models: id of the encoder and of the cross-encoder.
        versions: by contestant.
        abouts: by contestant, one line.
        starts: by contestant and kind of model, how it was started: variables and command.
        peaks: operations per second of a matrix product, by precision.
        samples: every load measured.
        failures: by contestant and phase: why something is missing.
        memory_mib: by contestant and kind of model.
        same_model: by contestant, the lowest cosine to sentence-transformers' vectors.
        score_differences: by contestant, the largest difference to sentence-transformers' scores.
        behaviour: by contestant, what it was asked and what it did.
        padding: of our service under the mixed load, share of computed tokens.
        interference: None if it was not measured.
    """

    machine: dict[str, str | int]
    models: dict[str, str]
    peaks: dict[str, float]
    versions: dict[str, str] = field(default_factory=dict)
    abouts: dict[str, str] = field(default_factory=dict)
    starts: dict[str, dict[str, str]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    memory_mib: dict[str, dict[str, float]] = field(default_factory=dict)
    same_model: dict[str, float] = field(default_factory=dict)
    score_differences: dict[str, float] = field(default_factory=dict)
    behaviour: dict[str, dict[str, str]] = field(default_factory=dict)
    padding: list[float] = field(default_factory=list)
    interference: Interference | None = None

    def figures(self) -> list[Figures]:
        """Figures by load, then contestant, in the order of measuring."""
        keys = dict.fromkeys((sample.load, sample.contestant) for sample in self.samples)
        loads = dict.fromkeys(load for load, _ in keys)
        return [
            self._figures_of([s for s in self.samples if (s.load, s.contestant) == key])
            for load in loads
            for key in keys
            if key[0] == load
        ]

    def _figures_of(self, samples: Sequence[Sample]) -> Figures:
        first = samples[0]
        milliseconds = [latency * 1000 for sample in samples for latency in sample.latencies]
        peak = self.peaks.get(first.precision.partition("-")[0])
        speed = median(sample.operations / sample.seconds for sample in samples)
        return Figures(
            contestant=first.contestant,
            precision=first.precision,
            load=first.load,
            p50_ms=percentile(milliseconds, 50),
            p95_ms=percentile(milliseconds, 95),
            p99_ms=percentile(milliseconds, 99),
            tokens_per_second=median(sample.tokens / sample.seconds for sample in samples),
            ours_is_faster=self.ratio(first.contestant, OURS, first.load),
            gemm_peak_share=speed / peak if peak else None,
        )

    def ratio(self, slower: str, faster: str, load: str) -> float | None:
        """How many times faster the second is: median of the rounds' ratios, so that the machine's drift cancels."""
        costs = [
            {s.round: _cost(s) for s in self.samples if (s.contestant, s.load) == (name, load)}
            for name in (slower, faster)
        ]
        shared = costs[0].keys() & costs[1].keys()
        return median(costs[0][number] / costs[1][number] for number in shared) if shared else None


def _cost(sample: Sample) -> float:
    """Median latency, or for loads of several clients the seconds of all."""
    return median(sample.latencies) if sample.load in LATENCY_LOADS else sample.seconds
