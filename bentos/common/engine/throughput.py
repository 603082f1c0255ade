"""How fast the engine works off what waits, measured while it is busy."""

import math
import time
from collections.abc import Callable

_MEMORY_SECONDS = 3.0
"""Time constant of the average: an older measurement weighs e times less for each."""
_LEAST_FULL = 0.5
_MOST_SLOWDOWN = 4.0
"""Times as slow as expected that a micro-batch may look: a machine that stood still says nothing about the next one."""


class Throughput:
    """Seconds that a token takes when there is more work than fits into one micro-batch.

    Time is taken from one end of a micro-batch to the next, so that all that happens in between counts, and several
    streams count together. Micro-batches that fill less than half of their budget say little about a full one, unless
    they are faster than one was thought to be.

    Args:
        seconds_per_token: a first guess.
        clock: monotonic time in seconds.
    """

    def __init__(self, seconds_per_token: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = 1e-3 * seconds_per_token
        self._tokens = 1e-3
        self._interactive_tokens = 0.0
        self._mark = 0.0
        self._running = 0
        self._uncounted = 0

    @property
    def seconds_per_token(self) -> float:
        """Padding not included."""
        return self._seconds / self._tokens

    @property
    def interactive_share(self) -> float:
        """Share of interactive tokens among those that were computed recently, between 0 and 1."""
        return self._interactive_tokens / self._tokens

    def begin(self) -> None:
        """The engine was idle and has work now."""
        self._mark = self._clock()
        self._uncounted = 0

    def started(self) -> None:
        """A micro-batch was handed to the backend."""
        self._running += 1

    def finished(self, tokens: int, *, interactive: bool, fullness: float) -> None:
        """A micro-batch is done.

        Args:
            tokens: in it, padding not included.
            interactive: its lane.
            fullness: what it cost, as a fraction of the token budget.
        """
        self._running -= 1
        self._uncounted += tokens
        now = self._clock()
        seconds, expected = now - self._mark, self._uncounted * self.seconds_per_token
        if fullness >= _LEAST_FULL or seconds < expected:
            self.observe(self._uncounted, min(seconds, _MOST_SLOWDOWN * expected), interactive=interactive)
        elif self._running:
            return  # its tokens go with those of the full one beside it
        self._mark = now
        self._uncounted = 0

    def observe(self, tokens: int, seconds: float, *, interactive: bool = False) -> None:
        """Learn that `tokens` took `seconds`."""
        kept = math.exp(-seconds / _MEMORY_SECONDS)
        self._seconds = self._seconds * kept + seconds
        self._tokens = self._tokens * kept + tokens
        self._interactive_tokens = self._interactive_tokens * kept + tokens * interactive
