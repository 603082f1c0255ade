"""What the traces of requests say about the engine: how long texts waited, and what was computed with them."""

from collections.abc import Sequence

from bentos.common.engine.job import Item, Job
from bentos.common.observability import tracing


def trace_batch(items: Sequence[Item], tokens: int, started: float, ended: float) -> None:
    """Add a span `queue` and a span `infer` to the trace of every request that has items in a micro-batch.

    Args:
        items: of the micro-batch.
        tokens: that it cost, padding included.
        started: when its inference began, as `time.monotonic()` said, in seconds.
        ended: when its inference ended.
    """
    shares: dict[Job, list[Item]] = {}
    for item in items:
        if item.job.trace:
            shares.setdefault(item.job, []).append(item)
    for job, share in shares.items():
        assert job.trace
        length = sum(item.length for item in share)
        own = {"duobento.items": len(share), "duobento.tokens": length, "duobento.lane": job.lane.value}
        tracing.record("queue", job.trace, job.admitted_at, started, own)
        batch = {**own, "duobento.batch.items": len(items), "duobento.batch.tokens": tokens}
        tracing.record("infer", job.trace, started, ended, batch)
