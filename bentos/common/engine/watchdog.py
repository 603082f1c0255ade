"""Detects a stuck or dead backend."""

import time
from collections.abc import Callable

from bentos.common.engine.executor import BatchExecutor

ORDINARY_TOKENS = 512
"""Most models' window; a text of more may take longer without anything being wrong."""


class Watchdog:
    """Looks at the calls of the backend, and says when only a restart helps.

    Args:
        calls: which of them run and how the last ones ended.
        stuck_after: seconds after which a running call counts as stuck, if its rows have no more than
            `ORDINARY_TOKENS`; of a longer row as many times more as it has times as many tokens.
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
        now = self._clock()
        for call in self._calls.running.values():
            limit = self._stuck_after * max(1.0, call.longest / ORDINARY_TOKENS)
            if now - call.started > limit:
                return f"A micro-batch has been running for more than {limit:g} seconds."
        return None
