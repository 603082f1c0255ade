"""The project's speed goals against the figures of a run with models of production size."""

from dataclasses import dataclass

from benchmarks.peers.catalogue import OURS
from benchmarks.peers.references import BARE, SENTENCE_TRANSFORMERS
from benchmarks.peers.results import Results
from benchmarks.peers.work import MIXED, QUERY, RERANK_20


@dataclass(frozen=True)
class Goal:
    """A limit and what was measured; `at_least` says on which side of it the value should be."""

    text: str
    limit: float
    at_least: bool
    value: float

    @property
    def met(self) -> bool:
        """Whether the value is on the right side."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def goals(results: Results) -> list[Goal]:
    """Those for which the run has the figures."""
    padding = sum(results.padding) / len(results.padding) if results.padding else None
    wanted = [
        ("one query: times faster over HTTP than sentence-transformers in process", 6.0, True,
         results.ratio(SENTENCE_TRANSFORMERS, OURS, QUERY)),
        ("one query: latency over HTTP, times that of the backend in process", 1.15, False,
         results.ratio(OURS, BARE, QUERY)),
        ("32 clients: share of the tokens/s of the backend in process", 0.95, True,
         results.ratio(BARE, OURS, MIXED)),
        ("32 clients: times faster than vLLM", 1.5, True,
         results.ratio("vllm", OURS, MIXED)),
        ("32 clients: times faster than Infinity with torch", 5.0, True,
         results.ratio("infinity-torch", OURS, MIXED)),
        ("32 clients: times faster than ONNX Runtime in fp32", 2.5, True,
         results.ratio("onnxruntime", OURS, MIXED)),
        ("32 clients: padding, share of computed tokens", 0.05, False, padding),
        ("rerank of 20: latency over HTTP, times that of the backend in process", 1.1, False,
         results.ratio(OURS, BARE, RERANK_20)),
    ]  # fmt: skip
    found = [Goal(text, limit, at_least, value) for text, limit, at_least, value in wanted if value is not None]
    if results.interference:
        seen = results.interference
        limit = 1.5 * seen.idle_p99_ms + seen.target_batch_ms
        found.append(
            Goal("query p99 beside bulk, ms: 1.5 x idle p99 and one micro-batch", limit, False, seen.bulk_p99_ms)
        )
    return found
