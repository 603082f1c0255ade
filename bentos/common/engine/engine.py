"""The engine: admits jobs, forms micro-batches, runs them on the backend's threads, answers each job once."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from bentos.common.backends.interface import Backend, Outputs, TokenRow
from bentos.common.engine.admission import Admission
from bentos.common.engine.budget import TokenBudget
from bentos.common.engine.lanes import Lanes, MicroBatch
from bentos.common.engine.traces import trace_batch
from bentos.common.engine.watchdog import Watchdog
from bentos.common.engine.work import Item, Job, Lane
from bentos.common.errors import DeadlineExceeded, InferenceFailed, NotReady
from bentos.common.metrics import Metrics
from bentos.common.settings import EngineSettings

_log = logging.getLogger(__name__)


class Engine:
    """Runs token rows through one backend. All methods belong to one event loop.

    Args:
        backend: a loaded model.
        settings: budgets, lanes and streams.
        executor: `streams` threads, on one of which the backend was loaded. OpenMP keeps a team of threads for every
            thread that ever used it, and when all teams together outnumber the processors none of them spins any more.
        metrics: where everything is counted.
        stuck_after: seconds after which a running micro-batch counts as stuck.
    """

    def __init__(
        self,
        backend: Backend,
        settings: EngineSettings,
        executor: ThreadPoolExecutor,
        metrics: Metrics,
        *,
        stuck_after: float,
    ) -> None:
        self.backend = backend
        self.watchdog = Watchdog(stuck_after)
        self._metrics = metrics
        self._bulk_above_tokens = settings.bulk_above_tokens
        self._admission = Admission(settings.queue_tokens)
        self._lanes = Lanes(
            cost=backend.batch_tokens, max_padding=settings.max_padding, burst=settings.interactive_burst
        )
        self._budget = TokenBudget(
            slice_seconds=settings.target_slice_ms / 1000,
            least=settings.min_batch_tokens,
            most=settings.max_batch_tokens,
        )
        self._executor = executor
        self._free_streams = settings.streams
        self._running: set[asyncio.Task[None]] = set()
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def queued_tokens(self) -> int:
        """Tokens admitted and not finished."""
        return self._admission.tokens

    def check_admission(self, tokens: int = 1) -> None:
        """Refuse work early, before it is even tokenised.

        Raises:
            Overloaded: if not even `tokens` tokens would be admitted.
            NotReady: if the engine drains.
        """
        if self._draining:
            raise NotReady("The service is shutting down.", retry_after=1)
        self._admission.check(tokens, self._budget.seconds_per_token)

    def lane_of(self, rows: Sequence[TokenRow]) -> Lane:
        """Where rows wait if nobody says so: by their number of tokens."""
        return Lane.BULK if sum(len(row.ids) for row in rows) > self._bulk_above_tokens else Lane.INTERACTIVE

    async def run(
        self, rows: Sequence[TokenRow], *, lane: Lane | None = None, deadline: float | None = None
    ) -> Outputs:
        """Compute all rows, batched with those of other requests. Cancelling the call drops what is not computed.

        Args:
            rows: at least one.
            lane: where they wait; none decides by the number of tokens.
            deadline: event loop time, in seconds, at which the caller stops waiting.

        Returns:
            float32 `[len(rows), width]`, in the order of `rows`.

        Raises:
            Overloaded: the queue is full.
            NotReady: the engine drains.
            DeadlineExceeded: the deadline passed.
            InferenceFailed: the model failed on a row, even alone.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outputs] = loop.create_future()
        lane = lane or self.lane_of(rows)
        job = Job(rows, lane, width=self.backend.width, admitted_at=time.monotonic(), future=future)
        self.check_admission(job.tokens)
        self._enter(job)
        try:
            async with asyncio.timeout_at(deadline):
                return await future
        except TimeoutError:
            raise DeadlineExceeded("The request's deadline passed before it was computed.") from None
        finally:
            self._leave(job)

    async def drain(self, seconds: float) -> None:
        """Admit nothing more, and wait at most `seconds` for what was admitted."""
        self._draining = True
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("Draining took longer than %g seconds; %d tokens are dropped", seconds, self.queued_tokens)

    def close(self) -> None:
        """Stop the threads without waiting for a stuck one, and free the model."""
        self._draining = True
        self._executor.shutdown(wait=False, cancel_futures=True)
        if not self._running:
            self.backend.close()

    def _enter(self, job: Job) -> None:
        self._idle.clear()
        self._admission.enter(job.tokens)
        self._metrics.queue_tokens.set(self.queued_tokens)
        self._lanes.add(job)
        self._dispatch()

    def _leave(self, job: Job) -> None:
        waiting = sum(not item.taken for item in job.items)
        if waiting:
            self._lanes.discard(job)
            self._metrics.dropped_items.inc(waiting)
        self._admission.leave(job.tokens)
        self._metrics.queue_tokens.set(self.queued_tokens)
        if not self.queued_tokens:
            self._idle.set()

    def _dispatch(self) -> None:
        """Start micro-batches while there are free streams and waiting items."""
        while self._free_streams and (batch := self._lanes.next_batch(self._budget.tokens)):
            self._free_streams -= 1
            task = asyncio.create_task(self._compute(batch))
            self._running.add(task)
            task.add_done_callback(self._computed)

    def _computed(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._free_streams += 1
        if error := task.exception():
            _log.error("A micro-batch failed outside the backend", exc_info=error)
            self.watchdog.declare_dead()
        self._dispatch()

    async def _compute(self, batch: MicroBatch) -> None:
        now = time.monotonic()
        for item in batch.items:
            self._metrics.queue_wait_seconds.labels(item.job.lane.value).observe(now - item.job.admitted_at)
        self._metrics.batch_items.observe(len(batch.items))
        self._metrics.batch_tokens.observe(batch.tokens)
        self._metrics.tokens.inc(batch.total)
        self._metrics.padding_tokens.inc(batch.tokens - batch.total)
        succeeded = await self._infer(batch.items)
        trace_batch(batch.items, batch.tokens, now, time.monotonic())
        if succeeded:
            self._budget.observe(batch.tokens, time.monotonic() - now)
            self._metrics.budget_tokens.set(self._budget.tokens)
            return
        for item in batch.items:
            if not item.job.done and not (len(batch.items) > 1 and await self._infer([item])):
                item.job.fail(InferenceFailed("The model failed on this input.", item=item.index))
        if self.watchdog.suspicious:
            await self._try_canary()

    async def _infer(self, items: Sequence[Item]) -> bool:
        """Run one call of the backend and hand out its rows; returns whether it succeeded."""
        started = time.monotonic()
        try:
            outputs = await self._call([item.row for item in items])
        except Exception:
            self._metrics.inference_failures.inc()
            _log.exception("The backend failed on a micro-batch of %d items", len(items))
            return False
        self._metrics.inference_seconds.observe(time.monotonic() - started)
        for item, output in zip(items, outputs, strict=True):
            item.job.answer(item.index, output)
        return True

    async def _call(self, rows: Sequence[TokenRow]) -> Outputs:
        """One call of the backend on a thread of its own, seen by the watchdog."""
        ticket = self.watchdog.started()
        failed = True
        try:
            outputs = await asyncio.get_running_loop().run_in_executor(self._executor, self.backend.infer, rows)
            if outputs.shape != (len(rows), self.backend.width) or not np.isfinite(outputs).all():
                raise ArithmeticError("The backend returned outputs of the wrong shape or with non-finite numbers.")
            failed = False
            return outputs
        finally:
            self.watchdog.ended(ticket, failed=failed)

    async def warm_up(self, longest: int) -> None:
        """Compute inputs known to be good, so that the first requests find a warm backend and a measured budget.

        Args:
            longest: the model's window, in tokens.

        Raises:
            Exception: whatever the backend raises.
        """
        await self._call([_canary(8)])
        for length in (16, 64, longest):
            for _ in range(2):
                count = max(1, self._budget.tokens // length)
                started = time.monotonic()
                await self._call([_canary(min(length, longest))] * count)
                tokens = self.backend.batch_tokens(count, length, count * length)
                self._budget.observe(tokens, time.monotonic() - started)

    async def _try_canary(self) -> None:
        try:
            await self._call([_canary(8)])
        except Exception:
            _log.exception("The backend fails on an input known to be good")
            self.watchdog.declare_dead()


def _canary(length: int) -> TokenRow:
    # Small ids exist in every vocabulary; what they mean does not matter.
    return TokenRow(np.full(length, 5, np.int32), np.zeros(length, np.int32))
