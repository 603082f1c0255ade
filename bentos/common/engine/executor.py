"""Calls of the backend: on threads of their own, open to the watchdog, retried item by item."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.engine.job import Item
from bentos.common.engine.scheduler import MicroBatch
from bentos.common.engine.stream import Stream
from bentos.common.engine.tracing import trace_batch
from bentos.common.errors import InferenceFailed
from bentos.common.observability.metrics import Metrics

_log = logging.getLogger(__name__)
_SUSPICIOUS_FAILURES = 5
"""In a row, after which the backend is tried with an input known to be good."""


class RunningCall(NamedTuple):
    """A call of the backend that is not over.

    Attributes:
        started: when, as `time.monotonic()` said, in seconds.
        longest: tokens of its longest row.
    """

    started: float
    longest: int


class BatchExecutor:
    """Computes micro-batches and answers their items.

    Args:
        width: numbers per item.
        metrics: where everything is counted.

    Attributes:
        running: each call that is not over.
        failures: how many calls in a row have failed.
        dead: whether the backend fails on an input known to be good.
    """

    def __init__(self, width: int, metrics: Metrics) -> None:
        self.running: dict[object, RunningCall] = {}
        self.failures = 0
        self.dead = False
        self._width = width
        self._metrics = metrics

    async def compute(self, batch: MicroBatch, stream: Stream) -> float | None:
        """Compute a micro-batch; if that fails, each of its items alone, so that only a poison item fails.

        Args:
            batch: its items are answered, or fail.
            stream: a free one.

        Returns:
            Seconds of the call, if it did not fail.
        """
        self._count(batch)
        started = time.monotonic()
        succeeded = await self._infer(batch.items, stream)
        ended = time.monotonic()
        if any(item.job.trace for item in batch.items):
            trace_batch(batch.items, batch.tokens, started, ended)
        if succeeded:
            return ended - started
        for item in batch.items:
            if not item.job.done and not (len(batch.items) > 1 and await self._infer([item], stream)):
                item.job.fail(InferenceFailed("The model failed on this input.", item=item.index))
        if self.failures >= _SUSPICIOUS_FAILURES:
            await self._try_canary(stream)
        return None

    async def canary(self, stream: Stream, length: int, count: int = 1) -> float:
        """Compute `count` inputs of `length` tokens that are known to be good; returns the seconds it took.

        Raises:
            Exception: whatever the backend raises.
        """
        started = time.monotonic()
        # Small ids exist in every vocabulary; what they mean does not matter.
        row = TokenRow(np.full(length, 5, np.int32), np.zeros(length, np.int32))
        await self._call([row] * count, stream)
        return time.monotonic() - started

    async def _infer(self, items: Sequence[Item], stream: Stream) -> bool:
        """Run one call of the backend and hand out its rows; returns whether it succeeded."""
        started = time.monotonic()
        try:
            outputs = await self._call([item.row for item in items], stream)
        except Exception:
            self._metrics.inference_failures.inc()
            _log.exception("The backend failed on a micro-batch of %d items", len(items))
            return False
        self._metrics.inference_seconds.observe(time.monotonic() - started)
        for item, output in zip(items, outputs, strict=True):
            item.job.answer(item.index, output)
        return True

    async def _call(self, rows: Sequence[TokenRow], stream: Stream) -> Outputs:
        call = object()
        self.running[call] = RunningCall(time.monotonic(), max(len(row.ids) for row in rows))
        failed = True
        try:
            outputs = await asyncio.get_running_loop().run_in_executor(stream.executor, stream.infer, rows)
            if outputs.shape != (len(rows), self._width) or not np.isfinite(outputs).all():
                raise ArithmeticError("The backend returned outputs of the wrong shape or with non-finite numbers.")
            failed = False
            return outputs
        finally:
            del self.running[call]
            self.failures = self.failures + 1 if failed else 0

    async def _try_canary(self, stream: Stream) -> None:
        try:
            await self.canary(stream, 8)
        except Exception:
            _log.exception("The backend fails on an input known to be good")
            self.dead = True

    def _count(self, batch: MicroBatch) -> None:
        now = time.monotonic()
        for item in batch.items:
            self._metrics.queue_wait_seconds.labels(item.job.lane.value).observe(now - item.job.admitted_at)
        self._metrics.batch_items.observe(len(batch.items))
        self._metrics.batch_tokens.observe(batch.tokens)
        self._metrics.tokens.inc(batch.total)
        self._metrics.padding_tokens.inc(batch.tokens - batch.total)
