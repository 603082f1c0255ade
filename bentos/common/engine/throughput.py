"""How fast the engine works off what waits, and how much it computes at once, learned while it is busy."""

import math
import time
from collections.abc import Callable

_MEMORY_SECONDS = 3.0
"""Time constant of the average: an older measurement weighs e times less for each."""
_LEAST_FULL = 0.5
_SMOOTHING = 0.3
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

    Attributes:
        seconds_per_token: as measured, padding not included.
    """

    def __init__(self, seconds_per_token: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds = 1e-3 * seconds_per_token
        self._tokens = 1e-3
        self._interactive_tokens = 0.0
        self.seconds_per_token = seconds_per_token
        self._mark = 0.0
        self._uncounted = 0

    @property
    def interactive_share(self) -> float:
        """Share of interactive tokens among those that were computed recently, between 0 and 1."""
        return self._interactive_tokens / self._tokens

    def begin(self) -> None:
        """The engine was idle and has work now."""
        self._mark = self._clock()
        self._uncounted = 0

    def finished(self, tokens: int, *, interactive: bool, fullness: float, beside: int) -> None:
        """A micro-batch is done.

        Args:
            tokens: in it, padding not included.
            interactive: its lane.
            fullness: what it cost, as a fraction of the token budget.
            beside: how many others are still in the backend.
        """
        self._uncounted += tokens
        now = self._clock()
        seconds, expected = now - self._mark, self._uncounted * self.seconds_per_token
        if fullness >= _LEAST_FULL or seconds < expected:
            self.observe(self._uncounted, min(seconds, _MOST_SLOWDOWN * expected), interactive=interactive)
        elif beside:
            return  # its tokens go with those of the full one beside it
        self._mark = now
        self._uncounted = 0

    def observe(self, tokens: int, seconds: float, *, interactive: bool = False) -> None:
        """Learn that `tokens` took `seconds`."""
        kept = math.exp(-seconds / _MEMORY_SECONDS)
        self._seconds = self._seconds * kept + seconds
        self._tokens = self._tokens * kept + tokens
        self.seconds_per_token = self._seconds / self._tokens
        self._interactive_tokens = self._interactive_tokens * kept + tokens * interactive


class TokenBudget:
    """Adapts the token budget so that one micro-batch takes about a target time.

    A micro-batch has a fixed cost besides its cost per token, so the time per token of a small one says little about a
    full one. Therefore only micro-batches that filled half the budget, or took longer than that, move it; the
    budget comes to rest where a full micro-batch takes exactly the target time.

    Args:
        target_seconds: time a micro-batch should take.
        least: budget in tokens below which it never falls.
        most: budget in tokens above which it never grows.

    Attributes:
        tokens: what the next micro-batch may cost, padding included.
    """

    def __init__(self, *, target_seconds: float, least: int, most: int) -> None:
        self._target = target_seconds
        self._least = least
        self._most = most
        self._tokens = float(least)
        self.tokens = least

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from one micro-batch of `tokens` (padding included) that took `seconds`."""
        if tokens < self._tokens / 2 and seconds <= self._target:
            return
        wanted = tokens * self._target / max(seconds, 1e-6)
        step = min(2.0, max(0.5, wanted / self._tokens))
        self._tokens = min(self._most, max(self._least, self._tokens * step**_SMOOTHING))
        self.tokens = round(self._tokens)
