"""Sees a backend that is stuck or dead."""

import time
from collections.abc import Callable

_FAILURES_IN_A_ROW = 5


class Watchdog:
    """Knows which micro-batches run and how the last ones ended.

    Args:
        stuck_after: seconds after which a running micro-batch counts as stuck.
        clock: monotonic time in seconds.
    """

    def __init__(self, stuck_after: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._stuck_after = stuck_after
        self._clock = clock
        self._running: dict[int, float] = {}
        self._next = 0
        self._failures = 0
        self._dead = False

    def started(self) -> int:
        """Note a call of the backend; returns its ticket for `ended`."""
        self._next += 1
        self._running[self._next] = self._clock()
        return self._next

    def ended(self, ticket: int, *, failed: bool) -> None:
        """Note the end of a call."""
        del self._running[ticket]
        self._failures = self._failures + 1 if failed else 0

    @property
    def suspicious(self) -> bool:
        """So many failures in a row that the backend should be tried with an input known to be good."""
        return self._failures >= _FAILURES_IN_A_ROW

    def declare_dead(self) -> None:
        """The backend fails on an input known to be good."""
        self._dead = True

    def failure_reason(self) -> str | None:
        """What is wrong with the backend, in one sentence; none if all is well."""
        if self._dead:
            return "The backend fails on every input."
        oldest = min(self._running.values(), default=None)
        if oldest is not None and self._clock() - oldest > self._stuck_after:
            return f"A micro-batch has been running for more than {self._stuck_after:g} seconds."
        return None
