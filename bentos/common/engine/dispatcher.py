"""When micro-batches run, and on which stream."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bentos.common.backends.interface import Backend
from bentos.common.backends.padding import layout_of
from bentos.common.engine.admission import Admission
from bentos.common.engine.executor import BatchExecutor
from bentos.common.engine.job import Job
from bentos.common.engine.scheduler import MicroBatch, Scheduler, micro_batch
from bentos.common.engine.stream import Stream, streams_of
from bentos.common.engine.throughput import Throughput, TokenBudget
from bentos.common.errors import DeadlineExceeded
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import EngineSettings
from bentos.common.work_options import Lane

_log = logging.getLogger(__name__)
_LATE_SHARE = 0.8
_LONGEST_WARMED = 512
"""Tokens: a text that fills a window of thousands takes as long as all else of the start."""
_PREPARE_EVERY_SECONDS = 0.2


@dataclass(slots=True)
class _Running:
    """A micro-batch in the backend.

    Attributes:
        alone: whether nothing on the reserved stream has competed with it for the processors.
    """

    batch: MicroBatch
    stream: Stream
    alone: bool


class Dispatcher:
    """Starts micro-batches while there are free streams and waiting items. Belongs to the event loop.

    Args:
        backend: a loaded model.
        settings: budgets, lanes and streams.
        executor: `streams` threads, on one of which the backend was loaded.
        admission: told what is no longer to be computed.
        throughput: told what is computed.
        metrics: where everything is counted.

    Attributes:
        calls: of the backend.
    """

    def __init__(
        self,
        backend: Backend,
        settings: EngineSettings,
        executor: ThreadPoolExecutor,
        admission: Admission,
        throughput: Throughput,
        metrics: Metrics,
    ) -> None:
        self.calls = BatchExecutor(backend.width, metrics)
        self._backend = backend
        self._layout = layout_of(backend, settings.max_padding)
        self._scheduler = Scheduler(self._layout, settings.interactive_burst)
        self._budget = TokenBudget(
            target_seconds=settings.target_batch_ms / 1000,
            least=settings.min_batch_tokens,
            most=settings.max_batch_tokens,
        )
        self._streams = list(streams_of(backend, executor, settings.streams))
        self._free = [stream for stream in self._streams if not stream.reserved]
        self._reserved = [stream for stream in self._streams if stream.reserved]
        self._running: dict[asyncio.Task[None], _Running] = {}
        self._computing = 0
        self._admission = admission
        self._throughput = throughput
        self._metrics = metrics

    def add(self, job: Job) -> None:
        """Queue an admitted job's items, and start what can be started."""
        self._scheduler.add(job)
        self._dispatch()

    def drop(self, job: Job) -> None:
        """Take out what still waits of a job."""
        waiting = sum(not item.taken for item in job.items)
        self._admission.leave(job.lane, job.tokens_waiting)
        self._scheduler.discard(job)
        self._metrics.dropped_items.inc(waiting)

    def close(self) -> bool:
        """Stop the threads without waiting for a stuck one; returns whether none of them is in the backend."""
        for stream in self._streams:
            stream.executor.shutdown(wait=False, cancel_futures=True)
        return not self._running

    async def warm_up(self, longest: int) -> None:
        """Compute inputs known to be good, so that the first requests find a warm backend and a measured budget.

        Args:
            longest: the model's window, in tokens.

        Raises:
            Exception: whatever the backend raises.
        """
        stream = self._streams[0]
        await self.calls.canary(stream, 8)
        longest = min(longest, _LONGEST_WARMED)
        for length in (16, 64, longest):
            for _ in range(2):
                count = max(1, self._budget.tokens // length)
                seconds = await self.calls.canary(stream, min(length, longest), count)
                self._budget.observe(self._layout.tokens([length] * count), seconds)
                self._throughput.observe(length * count, seconds)

    async def prepare_when_idle(self) -> None:
        """Let the backend prepare what it has not, a step at a time while there is nothing else to compute.

        A request that comes in the middle of a step waits for its end: as long as a text of that length takes, and its
        kernels. A step that fails ends it; the first text of such a length fails or takes longer.
        """
        loop, executor = asyncio.get_running_loop(), self._streams[0].executor
        for tokens in self._backend.unprepared:
            await asyncio.sleep(_PREPARE_EVERY_SECONDS)
            while self._running or self._scheduler.waiting:  # noqa: ASYNC110  # no event says that it will stay so
                await asyncio.sleep(_PREPARE_EVERY_SECONDS)
            try:
                await loop.run_in_executor(executor, self._backend.prepare, tokens)
            except Exception:
                _log.warning("The backend cannot prepare for rows of %d tokens", tokens, exc_info=True)
                return

    def _dispatch(self) -> None:
        """Start micro-batches on free streams, and one on the reserved stream if only slow ones run."""
        while self._free and (batch := self._in_time(self._scheduler.next_batch)):
            self._start(batch, self._free.pop())
        if self._reserved and self._only_slow_work_runs() and (batch := self._in_time(self._scheduler.next_reserved)):
            self._start(batch, self._reserved.pop())

    def _in_time(self, next_batch: Callable[[int], MicroBatch | None]) -> MicroBatch | None:
        """The next micro-batch, without the work of jobs that can no longer meet their deadline: these fail."""
        while self._scheduler.waiting and (batch := next_batch(self._budget.tokens)):
            taken: dict[Job, int] = {}
            for item in batch.items:
                taken[item.job] = taken.get(item.job, 0) + item.length
            late = {job for job, tokens in taken.items() if self._is_late(job, tokens + job.tokens_waiting)}
            if not late:
                return batch
            for job in late:
                job.fail(too_late())
                if job.tokens_waiting:
                    self.drop(job)
            self._admission.leave(batch.lane, sum(taken[job] for job in late))
            items = [item for item in batch.items if item.job not in late]
            self._metrics.dropped_items.inc(len(batch.items) - len(items))
            if items:
                return micro_batch(items, self._layout)
        return None

    def _is_late(self, job: Job, tokens: int) -> bool:
        """Whether so many tokens would take longer than the job has, by more than the measurement may be wrong."""
        left = job.deadline - asyncio.get_running_loop().time()
        return _LATE_SHARE * tokens * self._throughput.seconds_per_token > left

    def _only_slow_work_runs(self) -> bool:
        """Whether a short interactive micro-batch should wait for none of those that run."""
        return all(
            running.batch.lane is Lane.BULK or running.batch.tokens > self._budget.tokens
            for running in self._running.values()
        )

    def _start(self, batch: MicroBatch, stream: Stream) -> None:
        beside = [running for running in self._running.values() if running.stream.reserved or stream.reserved]
        for running in beside:
            running.alone = False
        running = _Running(batch, stream, alone=not stream.reserved and not beside)
        task = asyncio.create_task(self._compute(running))
        self._running[task] = running
        self._computing += 1
        task.add_done_callback(self._computed)

    async def _compute(self, running: _Running) -> None:
        batch, stream = running.batch, running.stream
        try:
            seconds = await self.calls.compute(batch, stream)
        finally:
            (self._reserved if stream.reserved else self._free).append(stream)
            self._computing -= 1
            self._admission.leave(batch.lane, batch.total)
            self._throughput.finished(
                batch.total,
                interactive=batch.lane is Lane.INTERACTIVE,
                fullness=batch.tokens / self._budget.tokens,
                beside=self._computing,
            )
        if seconds is not None and running.alone:
            self._budget.observe(batch.tokens, seconds)
            self._metrics.budget_tokens.set(self._budget.tokens)

    def _computed(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        if error := task.exception():
            _log.error("A micro-batch failed outside the backend", exc_info=error)
            self.calls.dead = True
        self._dispatch()


def too_late() -> DeadlineExceeded:
    """The error of work whose deadline has passed."""
    return DeadlineExceeded("The request's deadline passed before it was computed.")
