"""Detects a stuck or dead backend."""

import time
from collections.abc import Callable

from bentos.common.engine.executor import BatchExecutor


class Watchdog:
    """Looks at the calls of the backend, and says when only a restart helps.

    Args:
        calls: which of them run and how the last ones ended.
        stuck_after: seconds after which a running call counts as stuck.
        clock: monotonic time in seconds.
    """

    def __init__(self, calls: BatchExecutor, stuck_after: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._stuck_after = stuck_after
        self._clock = clock

    def failure_reason(self) -> str | None:
        """What is wrong with the backend, in one sentence; none if all is well."""
        if self._calls.dead:
            return "The backend fails on every input."
        oldest = min(self._calls.running.values(), default=None)
        if oldest is not None and self._clock() - oldest > self._stuck_after:
            return f"A micro-batch has been running for more than {self._stuck_after:g} seconds."
        return None
