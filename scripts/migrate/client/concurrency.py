"""How many requests are in flight: one more after a round of answers, half as many after a 429 or 504."""

import asyncio
import time
from types import TracebackType
from typing import Self


class AdaptiveConcurrency:
    """Limit of concurrent requests that follows the service, as TCP's window follows a network.

    Args:
        maximum: limit that is never exceeded.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._limit = float(min(2, maximum))
        self._busy = 0
        self._changed = asyncio.Condition()
        self._halved_at = 0.0

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return max(1, int(self._limit))

    async def __aenter__(self) -> Self:
        async with self._changed:
            await self._changed.wait_for(lambda: self._busy < self.limit)
            self._busy += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # No await before the count is right: a cancelled request must give its slot back.
        self._busy -= 1
        async with self._changed:
            self._changed.notify_all()

    def answered(self) -> None:
        """A request succeeded."""
        self._limit = min(self._maximum, self._limit + 1 / self._limit)

    def refused(self, sent_at: float) -> None:
        """A request got 429 or 504; those sent before the last cut say nothing new.

        Args:
            sent_at: when it was sent, by time.monotonic().
        """
        if sent_at > self._halved_at:
            self._limit = max(1.0, self._limit / 2)
            self._halved_at = time.monotonic()
