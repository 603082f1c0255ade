"""The engine: admits jobs, forms micro-batches, runs them on the backend's threads, answers each job once."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bentos.common.backends.interface import Backend, Outputs, TokenRow
from bentos.common.engine.admission import Admission
from bentos.common.engine.batching import MicroBatch, policy_of
from bentos.common.engine.budget import TokenBudget
from bentos.common.engine.executor import BatchExecutor
from bentos.common.engine.job import Job
from bentos.common.engine.scheduler import Scheduler
from bentos.common.engine.throughput import Throughput
from bentos.common.engine.tokenization import TokenizationPool
from bentos.common.engine.watchdog import Watchdog
from bentos.common.errors import DeadlineExceeded, NotReady
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import EngineSettings
from bentos.common.work_options import DEFAULT, Lane, WorkOptions

_log = logging.getLogger(__name__)
_CHARACTERS_PER_TOKEN = 4
_MOST_TOKENIZATION_THREADS = 2
_LATE_SHARE = 0.8


class Engine:
    """Runs token rows through one backend. All methods belong to one event loop.

    Args:
        backend: a loaded model.
        settings: budgets, lanes and streams.
        executor: `streams` threads, on one of which the backend was loaded.
        metrics: where everything is counted.
        request_timeout: seconds in which a request without a deadline of its own must be answered.
        stuck_after: seconds after which a running micro-batch counts as stuck.

    Attributes:
        tokenization: threads for the texts of requests.
    """

    def __init__(
        self,
        backend: Backend,
        settings: EngineSettings,
        executor: ThreadPoolExecutor,
        metrics: Metrics,
        *,
        request_timeout: float,
        stuck_after: float,
    ) -> None:
        self.backend = backend
        self.tokenization = TokenizationPool(min(settings.threads, _MOST_TOKENIZATION_THREADS))
        self.watchdog = Watchdog(stuck_after)
        self._metrics = metrics
        self._request_timeout = request_timeout
        self._bulk_above_seconds = settings.bulk_above_seconds
        self._interactive_seconds = settings.max_interactive_wait_seconds
        self._throughput = Throughput(settings.target_batch_ms / 1000 / settings.min_batch_tokens)
        self._admission = Admission(
            settings, self._throughput, request_timeout=request_timeout, refusals=metrics.refusals
        )
        for lane in Lane:
            metrics.expected_wait_seconds.labels(lane.value).set_function(partial(self.expected_wait, lane))
        self._policy = policy_of(backend, settings.max_padding)
        self._scheduler = Scheduler(self._policy, settings.interactive_burst)
        self._budget = TokenBudget(
            slice_seconds=settings.target_batch_ms / 1000,
            least=settings.min_batch_tokens,
            most=settings.max_batch_tokens,
        )
        self._batch_executor = BatchExecutor(backend, executor, self.watchdog, metrics)
        self._free_streams = settings.streams
        self._reserved_free = backend.has_reserved_stream
        self._running: dict[asyncio.Task[None], MicroBatch] = {}
        self._jobs: set[Job] = set()
        self._closing = False

    @property
    def queued_tokens(self) -> int:
        """Tokens admitted and not computed."""
        return self._admission.tokens

    def expected_wait(self, lane: Lane) -> float:
        """Seconds until a request that came now would be computed, its own time not included."""
        return self.tokenization.expected_wait(lane) + self._admission.expected_wait(lane)

    def lane_of(self, tokens: int, texts: int) -> Lane:
        """Where a request of so many tokens in so many texts waits if it does not say so: by the time that it takes."""
        longest = self._interactive_seconds if texts == 1 else self._bulk_above_seconds
        return Lane.BULK if tokens * self._throughput.seconds_per_token > longest else Lane.INTERACTIVE

    def admit_texts(
        self,
        texts: Sequence[Sized],
        options: WorkOptions,
        *,
        computes: bool = True,
        tokens_before: Callable[[Lane], int] | None = None,
    ) -> Lane:
        """Refuse a request before it is tokenized, if its texts would wait too long for that, or then for the model.

        Args:
            texts: of the request, or lists of token ids.
            options: of the request.
            computes: whether the request needs the model for certain.
            tokens_before: how many will be handed over before those of a request in a lane, if any.

        Returns:
            The lane in which the texts wait to be tokenized.

        Raises:
            Overloaded: it would be answered too late.
            NotReady: after `abandon`.
        """
        if self._closing:
            raise _shutting_down()
        tokens = estimated_tokens(texts)
        lane = options.lane or self.lane_of(tokens, len(texts))
        ahead = self.tokenization.expected_wait(lane)
        if tokens_before:
            ahead += tokens_before(lane) * self._throughput.seconds_per_token
        if computes or ahead:
            self._admission.check_wait(lane, tokens, options.deadline, estimated=True, ahead=ahead)
        return lane

    def check_size(self, tokens: int, deadline: float | None) -> None:
        """Refuse a request that could not be answered in time even by an idle engine.

        Raises:
            TooManyTokens: with the number of tokens that could.
            DeadlineExceeded: the deadline has passed.
        """
        self._admission.check_size(tokens, deadline)

    async def run(self, rows: Sequence[TokenRow], options: WorkOptions = DEFAULT) -> Outputs:
        """Compute all rows, batched with those of other requests. Cancelling the call drops what is not computed.

        Args:
            rows: at least one.
            options: where they wait, by default as the number of their tokens decides, and how long.

        Returns:
            float32 `[len(rows), width]`, in the order of `rows`.

        Raises:
            TooManyTokens: not even an idle engine would be done in time.
            Overloaded: what waits already takes too long.
            NotReady: after `abandon`.
            DeadlineExceeded: the deadline passed.
            InferenceFailed: the model failed on a row, even alone.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outputs] = loop.create_future()
        if self._closing:
            raise _shutting_down()
        tokens = sum(len(row.ids) for row in rows)
        deadline = options.deadline
        lane = options.lane or self.lane_of(tokens, len(rows))
        self._admission.check_size(tokens, deadline)
        self._admission.check_wait(lane, tokens, deadline)
        expires = loop.time() + self._request_timeout if deadline is None else deadline
        job = Job(rows, lane, width=self.backend.width, admitted_at=time.monotonic(), deadline=expires, future=future)
        self._enter(job)
        try:
            async with asyncio.timeout_at(expires):
                return await future
        except TimeoutError:
            raise _too_late() from None
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
        self.tokenization.close()
        self._batch_executor.close()
        if not self._running:
            self.backend.close()

    def _enter(self, job: Job) -> None:
        self._jobs.add(job)
        self._admission.enter(job.lane, job.tokens)
        self._metrics.queue_tokens.set(self.queued_tokens)
        self._scheduler.add(job)
        self._dispatch()

    def _leave(self, job: Job) -> None:
        self._drop(job)
        self._metrics.queue_tokens.set(self.queued_tokens)
        self._jobs.discard(job)

    def _drop(self, job: Job) -> None:
        """Take out what still waits of a job."""
        waiting = sum(not item.taken for item in job.items)
        if waiting:
            self._admission.leave(job.lane, job.tokens_waiting)
            self._scheduler.discard(job)
            self._metrics.dropped_items.inc(waiting)

    def _dispatch(self) -> None:
        """Start micro-batches while there are free streams and waiting items, and one beside them if these are slow."""
        while self._free_streams and (batch := self._in_time(self._scheduler.next_batch)):
            self._free_streams -= 1
            self._start(batch)
        if self._reserved_free and self._only_slow_work_runs():
            reserved = self._in_time(self._scheduler.next_reserved)
            if reserved:
                self._reserved_free = False
                self._start(reserved, reserved=True)

    def _in_time(self, next_batch: Callable[[int], MicroBatch | None]) -> MicroBatch | None:
        """The next micro-batch, without the work of jobs that can no longer meet their deadline: these fail."""
        while batch := next_batch(self._budget.tokens):
            taken: dict[Job, int] = {}
            for item in batch.items:
                taken[item.job] = taken.get(item.job, 0) + item.length
            late = {job for job, tokens in taken.items() if self._is_late(job, tokens + job.tokens_waiting)}
            if not late:
                return batch
            for job in late:
                job.fail(_too_late())
                self._drop(job)
            self._admission.leave(batch.lane, sum(taken[job] for job in late))
            items = [item for item in batch.items if item.job not in late]
            self._metrics.dropped_items.inc(len(batch.items) - len(items))
            if items:
                return MicroBatch(items, self._policy.tokens([item.length for item in items]))
        return None

    def _is_late(self, job: Job, tokens: int) -> bool:
        """Whether so many tokens would take longer than the job has, by more than the measurement may be wrong."""
        left = job.deadline - asyncio.get_running_loop().time()
        return _LATE_SHARE * tokens * self._throughput.seconds_per_token > left

    def _only_slow_work_runs(self) -> bool:
        """Whether a short interactive micro-batch should wait for none of those that run."""
        return all(batch.lane is Lane.BULK or batch.tokens > self._budget.tokens for batch in self._running.values())

    def _start(self, batch: MicroBatch, *, reserved: bool = False) -> None:
        task = asyncio.create_task(self._compute(batch, reserved))
        self._running[task] = batch
        self._throughput.started()
        task.add_done_callback(self._computed)

    async def _compute(self, batch: MicroBatch, reserved: bool) -> None:
        try:
            seconds = await self._batch_executor.compute(batch, reserved=reserved)
        finally:
            if reserved:
                self._reserved_free = True
            else:
                self._free_streams += 1
            fullness = batch.tokens / self._budget.tokens
            self._throughput.finished(batch.total, interactive=batch.lane is Lane.INTERACTIVE, fullness=fullness)
            self._admission.leave(batch.lane, batch.total)
            self._metrics.queue_tokens.set(self.queued_tokens)
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
        await self._batch_executor.canary(8)
        for length in (16, 64, longest):
            for _ in range(2):
                count = max(1, self._budget.tokens // length)
                seconds = await self._batch_executor.canary(min(length, longest), count)
                self._budget.observe(self._policy.tokens([length] * count), seconds)
                self._throughput.observe(length * count, seconds)


def estimated_tokens(texts: Sequence[Sized]) -> int:
    """Tokens of texts, or of lists of token ids, before they are tokenized."""
    return len(texts) + sum(map(len, texts)) // _CHARACTERS_PER_TOKEN


def _too_late() -> DeadlineExceeded:
    return DeadlineExceeded("The request's deadline passed before it was computed.")


def _shutting_down() -> NotReady:
    return NotReady("The service is shutting down.", retry_after=1)
