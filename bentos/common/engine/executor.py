"""Calls of the backend: on threads of their own, seen by the watchdog, retried item by item."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from bentos.common.backends.interface import Backend, Outputs, TokenRow
from bentos.common.engine.batching import MicroBatch
from bentos.common.engine.job import Item
from bentos.common.engine.tracing import trace_batch
from bentos.common.engine.watchdog import Watchdog
from bentos.common.errors import InferenceFailed
from bentos.common.observability.metrics import Metrics

_log = logging.getLogger(__name__)


class BatchExecutor:
    """Computes micro-batches and answers their items.

    Args:
        backend: a loaded model.
        executor: one thread per stream, on one of which the backend was loaded. OpenMP keeps a team of threads for
            every thread that ever used it, and when all teams together outnumber the processors none of them spins.
        watchdog: sees every call.
        metrics: where everything is counted.
    """

    def __init__(self, backend: Backend, executor: ThreadPoolExecutor, watchdog: Watchdog, metrics: Metrics) -> None:
        self.backend = backend
        self._executor = executor
        self._reserved_executor = ThreadPoolExecutor(1, thread_name_prefix="reserved")
        self._reserved_calls = 0
        self._reserved_runs = False
        self._watchdog = watchdog
        self._metrics = metrics

    async def compute(self, batch: MicroBatch, *, reserved: bool) -> float | None:
        """Compute a micro-batch; if that fails, each of its items alone, so that only a poison item fails.

        Args:
            batch: its items are answered, or fail.
            reserved: whether to use the backend's reserved call.

        Returns:
            Seconds of the call, if nothing else competed with it for the processors and it did not fail.
        """
        self._count(batch)
        started = time.monotonic()
        calls, alone = self._reserved_calls, not self._reserved_runs
        succeeded = await self._infer(batch.items, reserved)
        ended = time.monotonic()
        trace_batch(batch.items, batch.tokens, started, ended)
        if succeeded:
            return ended - started if alone and calls == self._reserved_calls else None
        for item in batch.items:
            if not item.job.done and not (len(batch.items) > 1 and await self._infer([item], reserved)):
                item.job.fail(InferenceFailed("The model failed on this input.", item=item.index))
        if self._watchdog.suspicious:
            await self._try_canary()
        return None

    async def canary(self, length: int, count: int = 1) -> float:
        """Compute `count` inputs of `length` tokens that are known to be good; returns the seconds it took.

        Raises:
            Exception: whatever the backend raises.
        """
        started = time.monotonic()
        # Small ids exist in every vocabulary; what they mean does not matter.
        row = TokenRow(np.full(length, 5, np.int32), np.zeros(length, np.int32))
        await self._call([row] * count)
        return time.monotonic() - started

    def close(self) -> None:
        """Stop the threads without waiting for a stuck one."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._reserved_executor.shutdown(wait=False, cancel_futures=True)

    async def _infer(self, items: Sequence[Item], reserved: bool) -> bool:
        """Run one call of the backend and hand out its rows; returns whether it succeeded."""
        started = time.monotonic()
        try:
            outputs = await self._call([item.row for item in items], reserved=reserved)
        except Exception:
            self._metrics.inference_failures.inc()
            _log.exception("The backend failed on a micro-batch of %d items", len(items))
            return False
        self._metrics.inference_seconds.observe(time.monotonic() - started)
        for item, output in zip(items, outputs, strict=True):
            item.job.answer(item.index, output)
        return True

    async def _call(self, rows: Sequence[TokenRow], *, reserved: bool = False) -> Outputs:
        ticket = self._watchdog.started()
        failed = True
        if reserved:
            self._reserved_calls += 1
            self._reserved_runs = True
        executor = self._reserved_executor if reserved else self._executor
        try:
            infer = partial(self.backend.infer, rows, reserved=reserved)
            outputs = await asyncio.get_running_loop().run_in_executor(executor, infer)
            if outputs.shape != (len(rows), self.backend.width) or not np.isfinite(outputs).all():
                raise ArithmeticError("The backend returned outputs of the wrong shape or with non-finite numbers.")
            failed = False
            return outputs
        finally:
            self._watchdog.ended(ticket, failed=failed)
            if reserved:
                self._reserved_runs = False

    async def _try_canary(self) -> None:
        try:
            await self.canary(8)
        except Exception:
            _log.exception("The backend fails on an input known to be good")
            self._watchdog.declare_dead()

    def _count(self, batch: MicroBatch) -> None:
        now = time.monotonic()
        for item in batch.items:
            self._metrics.queue_wait_seconds.labels(item.job.lane.value).observe(now - item.job.admitted_at)
        self._metrics.batch_items.observe(len(batch.items))
        self._metrics.batch_tokens.observe(batch.tokens)
        self._metrics.tokens.inc(batch.total)
        self._metrics.padding_tokens.inc(batch.tokens - batch.total)
