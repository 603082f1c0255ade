"""The engine: admits jobs, has them computed in micro-batches, answers each job once."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from bentos.common.backends.interface import Backend, Outputs, TokenRow
from bentos.common.engine.admission import Admission
from bentos.common.engine.dispatcher import Dispatcher, too_late
from bentos.common.engine.job import Job
from bentos.common.engine.throughput import Throughput
from bentos.common.engine.tokenization_pool import TokenizationPool
from bentos.common.engine.watchdog import Watchdog
from bentos.common.errors import NotReady
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import EngineSettings
from bentos.common.work_options import DEFAULT, Lane, WorkOptions

_log = logging.getLogger(__name__)
_CHARACTERS_PER_TOKEN = 4
_MOST_TOKENIZATION_THREADS = 2


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
        self._request_timeout = request_timeout
        self._bulk_above_seconds = settings.bulk_above_seconds
        self._interactive_seconds = settings.max_interactive_wait_seconds
        self._throughput = Throughput(settings.target_batch_ms / 1000 / settings.min_batch_tokens)
        self._admission = Admission(settings, self._throughput, request_timeout=request_timeout, metrics=metrics)
        self._dispatcher = Dispatcher(backend, settings, executor, self._admission, self._throughput, metrics)
        self.watchdog = Watchdog(self._dispatcher.calls, stuck_after)
        for lane in Lane:
            metrics.expected_wait_seconds.labels(lane.value).set_function(partial(self.expected_wait, lane))
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
        ahead = 0.0 if self.tokenization.free else self.tokenization.expected_wait(lane)
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
        lane = options.lane or self.lane_of(tokens, len(rows))
        self._admission.admit(lane, tokens, options.deadline)
        expires = loop.time() + self._request_timeout if options.deadline is None else options.deadline
        job = Job(rows, lane, width=self.backend.width, admitted_at=time.monotonic(), deadline=expires, future=future)
        self._jobs.add(job)
        self._dispatcher.add(job)
        try:
            async with asyncio.timeout_at(expires):
                return await future
        except TimeoutError:
            raise too_late() from None
        finally:
            if job.tokens_waiting:
                self._dispatcher.drop(job)
            self._jobs.discard(job)

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
        if self._dispatcher.close():
            self.backend.close()

    async def warm_up(self, longest: int) -> None:
        """See `Dispatcher.warm_up`."""
        await self._dispatcher.warm_up(longest)

    async def prepare_when_idle(self) -> None:
        """See `Dispatcher.prepare_when_idle`."""
        await self._dispatcher.prepare_when_idle()


def estimated_tokens(texts: Sequence[Sized]) -> int:
    """Tokens of texts, or of lists of token ids, before they are tokenized."""
    return len(texts) + sum(map(len, texts)) // _CHARACTERS_PER_TOKEN


def _shutting_down() -> NotReady:
    return NotReady("The service is shutting down.", retry_after=1)
