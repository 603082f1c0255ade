"""What bulk work does to single queries: our service's lanes under pressure."""

import asyncio
import itertools

import httpx
import uvloop

from benchmarks.load import Load, closed_loop
from benchmarks.peers.contestants import HttpContestant
from benchmarks.peers.results import Interference
from benchmarks.peers.work import bulk_request, query_text
from benchmarks.served import metric
from bentos.common.models.store import InstalledModel

_BULK_CLIENTS = 3
_BULK_MEDIAN = 40
_BULK_REQUESTS = 10_000
_POLL_SECONDS = 0.05


def measure(ours: HttpContestant, model: InstalledModel, queries: int, target_batch_ms: float) -> Interference:
    """Latency of queries one at a time, alone and beside bulk clients that always have a request in flight.

    Args:
        ours: running.
        model: the model that it serves.
        queries: to measure in each state.
        target_batch_ms: as the service is set, for the report.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(ours, model, queries, target_batch_ms))


async def _measure(ours: HttpContestant, model: InstalledModel, queries: int, target_batch_ms: float) -> Interference:
    url = ours.server.url
    asked = ours.http_requests(tuple(query_text(model, seed) for seed in range(queries)))
    texts = ours.http_requests(tuple(bulk_request(model, seed * 1000, _BULK_MEDIAN) for seed in range(_BULK_CLIENTS)))
    await closed_loop(url, asked[:5], 1)
    idle = await closed_loop(url, asked, 1)

    bulk = asyncio.create_task(
        closed_loop(url, list(itertools.islice(itertools.cycle(texts), _BULK_REQUESTS)), _BULK_CLIENTS)
    )
    try:
        await _saturated(url, bulk)
        before = await asyncio.to_thread(_batches, url)
        busy = await closed_loop(url, asked, 1)
        after = await asyncio.to_thread(_batches, url)
    finally:
        bulk.cancel()
        await asyncio.gather(bulk, return_exceptions=True)
    return Interference(
        queries=queries,
        idle_p50_ms=idle.percentile(50),
        idle_p99_ms=idle.percentile(99),
        bulk_p50_ms=busy.percentile(50),
        bulk_p99_ms=busy.percentile(99),
        target_batch_ms=target_batch_ms,
        micro_batch_ms=(after[0] - before[0]) / max(1, after[1] - before[1]) * 1000,
    )


async def _saturated(url: str, bulk: "asyncio.Task[Load]") -> None:
    while await asyncio.to_thread(metric, url, "duobento_queue_tokens") == 0:
        if bulk.done():
            raise RuntimeError("The bulk clients of the interference load ended early.")
        await asyncio.sleep(_POLL_SECONDS)


def _batches(url: str) -> tuple[float, float]:
    """Seconds of inference and number of micro-batches since the start."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    sums = [
        sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"duobento_inference_seconds_{part}"))
        for part in ("sum", "count")
    ]
    return sums[0], sums[1]
