"""The engine: admits jobs, forms micro-batches, runs them on the backend's threads, answers each job once."""

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from bentos.common.backends.interface import Backend, Outputs, TokenRow
from bentos.common.engine.admission import Admission
from bentos.common.engine.budget import TokenBudget
from bentos.common.engine.filling import MicroBatch, filling_of
from bentos.common.engine.inference import Inference
from bentos.common.engine.lanes import Lanes
from bentos.common.engine.watchdog import Watchdog
from bentos.common.engine.work import Job, Lane
from bentos.common.errors import DeadlineExceeded, NotReady
from bentos.common.metrics import Metrics
from bentos.common.settings import EngineSettings

_log = logging.getLogger(__name__)


class Engine:
    """Runs token rows through one backend. All methods belong to one event loop.

    Args:
        backend: a loaded model.
        settings: budgets, lanes and streams.
        executor: `streams` threads, on one of which the backend was loaded.
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
        self._filling = filling_of(backend, settings.max_padding)
        self._lanes = Lanes(self._filling, settings.interactive_burst)
        self._budget = TokenBudget(
            slice_seconds=settings.target_slice_ms / 1000,
            least=settings.min_batch_tokens,
            most=settings.max_batch_tokens,
        )
        self._inference = Inference(backend, executor, self.watchdog, metrics)
        self._free_streams = settings.streams
        self._express_free = backend.has_express
        self._running: dict[asyncio.Task[None], MicroBatch] = {}
        self._jobs: set[Job] = set()
        self._closing = False

    @property
    def queued_tokens(self) -> int:
        """Tokens admitted and not finished."""
        return self._admission.tokens

    def check_admission(self, tokens: int = 1) -> None:
        """Refuse work early, before it is even tokenised.

        Raises:
            Overloaded: if not even `tokens` tokens would be admitted.
            NotReady: after `abandon`.
        """
        if self._closing:
            raise _shutting_down()
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
            NotReady: after `abandon`.
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

    def abandon(self) -> None:
        """Admit nothing more, and fail what is not finished, so that its callers hear of it before the process ends."""
        self._closing = True
        if self._jobs:
            _log.warning("The service ends before all work is done; %d tokens are dropped", self.queued_tokens)
        for job in self._jobs:
            job.fail(_shutting_down())

    def close(self) -> None:
        """Stop the threads without waiting for a stuck one, and free the model."""
        self._closing = True
        self._inference.close()
        if not self._running:
            self.backend.close()

    def _enter(self, job: Job) -> None:
        self._jobs.add(job)
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
        self._jobs.discard(job)

    def _dispatch(self) -> None:
        """Start micro-batches while there are free streams and waiting items, and one beside them if these are slow."""
        while self._free_streams and (batch := self._lanes.next_batch(self._budget.tokens)):
            self._free_streams -= 1
            self._start(batch)
        if self._express_free and self._only_slow_work_runs():
            express = self._lanes.next_express(self._budget.tokens)
            if express:
                self._express_free = False
                self._start(express, express=True)

    def _only_slow_work_runs(self) -> bool:
        """Whether a short interactive micro-batch should wait for none of those that run."""
        return all(batch.lane is Lane.BULK or batch.tokens > self._budget.tokens for batch in self._running.values())

    def _start(self, batch: MicroBatch, *, express: bool = False) -> None:
        task = asyncio.create_task(self._compute(batch, express))
        self._running[task] = batch
        task.add_done_callback(self._computed)

    async def _compute(self, batch: MicroBatch, express: bool) -> None:
        try:
            seconds = await self._inference.compute(batch, express=express)
        finally:
            if express:
                self._express_free = True
            else:
                self._free_streams += 1
        if seconds is not None:
            self._budget.observe(batch.tokens, seconds)
            self._metrics.budget_tokens.set(self._budget.tokens)

    def _computed(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if error := task.exception():
            _log.error("A micro-batch failed outside the backend", exc_info=error)
            self.watchdog.declare_dead()
        self._dispatch()

    async def warm_up(self, longest: int) -> None:
        """Compute inputs known to be good, so that the first requests find a warm backend and a measured budget.

        Args:
            longest: the model's window, in tokens.

        Raises:
            Exception: whatever the backend raises.
        """
        await self._inference.canary(8)
        for length in (16, 64, longest):
            for _ in range(2):
                count = max(1, self._budget.tokens // length)
                seconds = await self._inference.canary(min(length, longest), count)
                self._budget.observe(self._filling.tokens([length] * count), seconds)


def _shutting_down() -> NotReady:
    return NotReady("The service is shutting down.", retry_after=1)
