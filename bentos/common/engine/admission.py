"""Which work is let in: what can be answered in time, at the rate that the engine is measured to have."""

import math
import time
from collections.abc import Callable

from bentos.common.engine.throughput import Throughput
from bentos.common.errors import DeadlineExceeded, Overloaded, TooManyTokens
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import EngineSettings
from bentos.common.work_options import Lane

_LONGEST_RETRY_SECONDS = 60.0
_MARGIN = 0.9
"""Share of a request's own time into which it has to fit, as what is expected may come a little later."""
_INTERACTIVE_MARGIN = 2 / 3
"""The same of the interactive limit, which 99 of 100 answers should keep: a rate measured over seconds is less certain
for the next few seconds than for a minute."""
_CERTAIN_SHARE = 0.5
"""Of an estimated number of tokens. Under overload most requests are refused by it, before they are tokenized."""


class Admission:
    """Counts the tokens that wait or are being computed, and refuses work that could not be answered in time.

    Args:
        settings: most tokens, longest interactive wait, and how the lanes share the engine.
        throughput: measured rate of the engine.
        request_timeout: seconds in which a request without a deadline of its own must be answered.
        metrics: where refusals and what waits are counted.
        clock: monotonic time in seconds, as the event loop has it.

    Attributes:
        tokens: admitted and not computed.
    """

    def __init__(
        self,
        settings: EngineSettings,
        throughput: Throughput,
        *,
        request_timeout: float,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_tokens = settings.queue_tokens
        self._interactive_seconds = _INTERACTIVE_MARGIN * settings.max_interactive_wait_seconds
        self._burst = settings.interactive_burst
        self._throughput = throughput
        self._request_timeout = request_timeout
        self._metrics = metrics
        self._clock = clock
        self._pending = dict.fromkeys(Lane, 0)
        self._expected_back = 0.0
        self.tokens = 0

    def admit(self, lane: Lane, tokens: int, deadline: float | None) -> None:
        """Let work in, or refuse it.

        Raises:
            TooManyTokens: it could not be done in time even if nothing else waited.
            Overloaded: what waits already would make it too late.
            DeadlineExceeded: the deadline has passed.
        """
        self.check_size(tokens, deadline)
        self.check_wait(lane, tokens, deadline)
        self.enter(lane, tokens)

    def enter(self, lane: Lane, tokens: int) -> None:
        """Count work that was let in."""
        was_idle = not self.tokens
        self._count(lane, tokens)
        if was_idle:
            self._throughput.begin()

    def leave(self, lane: Lane, tokens: int) -> None:
        """Stop counting work that was computed or dropped."""
        self._count(lane, -tokens)

    def expected_wait(self, lane: Lane) -> float:
        """Seconds until work that entered now would be computed, its own time not included."""
        interactive, bulk = self._pending[Lane.INTERACTIVE], self._pending[Lane.BULK]
        seconds = self._throughput.seconds_per_token
        if lane is Lane.INTERACTIVE:
            return interactive * seconds * (1 + 1 / self._burst if bulk else 1)
        # Interactive work that is still to come goes before bulk work, as much of it as came recently.
        share = min(self._throughput.interactive_share, self._burst / (self._burst + 1)) if interactive else 0
        return (interactive + bulk / (1 - share)) * seconds

    def check_size(self, tokens: int, deadline: float | None) -> None:
        """Refuse work that could not be answered in time even if nothing else waited.

        Raises:
            DeadlineExceeded: the deadline has passed.
            TooManyTokens: with the number of tokens that could be computed.
        """
        left = self._left(deadline)
        if left <= 0:
            raise _too_late()
        seconds = self._throughput.seconds_per_token
        if tokens * seconds > left:
            self._metrics.refusals.labels("deadline").inc()
            raise TooManyTokens(
                f"The request has at least {tokens} tokens. This service computes some {1 / seconds:.0f} a second, "
                f"so at most {left / seconds:.0f} within the {left:.3g} seconds that the request may take."
            )

    def check_wait(
        self, lane: Lane, tokens: int, deadline: float | None, *, estimated: bool = False, ahead: float = 0.0
    ) -> None:
        """Refuse work that what waits already would make too late. On an idle engine nothing is too late.

        Args:
            lane: in which it would wait.
            tokens: of the work.
            deadline: of the request, if it has one of its own.
            estimated: whether `tokens` is a guess, which is rarely more than twice as many as there are: half counts.
            ahead: seconds that pass before the work could enter.

        Raises:
            DeadlineExceeded: the deadline has passed.
            Overloaded: with the time after which such a request would fit.
        """
        left = self._left(deadline)
        if left <= 0:
            raise _too_late()
        if not self.tokens and not ahead:
            return
        seconds = self._throughput.seconds_per_token
        limit, own = _MARGIN * left, tokens * seconds * (_CERTAIN_SHARE if estimated else 1)
        if lane is Lane.INTERACTIVE and self._interactive_seconds < limit:
            # Else a request that takes the whole limit by itself would never be let in while others come.
            limit, own = self._interactive_seconds, min(own, self._interactive_seconds / 2)
        wait = ahead + self.expected_wait(lane)
        excess = self.tokens + min(tokens, self._most_tokens // 2) - self._most_tokens
        late = max(wait + own - limit, excess * seconds)
        if late > 0:
            self._metrics.refusals.labels("queue" if deadline is None else "deadline").inc()
            raise Overloaded(
                f"The service is overloaded: what came before takes some {wait:.1f} seconds, and an answer would take "
                f"some {wait + own:.1f}.",
                retry_after=self._retry_after(late, tokens * seconds),
            )

    def _count(self, lane: Lane, tokens: int) -> None:
        self._pending[lane] += tokens
        self.tokens += tokens
        self._metrics.queue_tokens.set(self.tokens)

    def _left(self, deadline: float | None) -> float:
        """Seconds in which a request has to be answered."""
        return self._request_timeout if deadline is None else deadline - self._clock()

    def _retry_after(self, late: float, own: float) -> int:
        """Seconds after which a request fits that is `late` now: those refused before it will be back first."""
        now = self._clock()
        self._expected_back = max(self._expected_back, now)
        seconds = late + self._expected_back - now
        self._expected_back = min(self._expected_back + own, now + _LONGEST_RETRY_SECONDS)
        return math.ceil(min(_LONGEST_RETRY_SECONDS, max(1.0, seconds)))


def _too_late() -> DeadlineExceeded:
    return DeadlineExceeded("The request's deadline passed before it was computed.")
