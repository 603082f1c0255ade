"""A circuit breaker around one kind of call of Redis."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from purgatory import SyncCircuitBreakerFactory

from bentos.common.cache.metrics import CacheMetrics

_log = logging.getLogger(__name__)
_FAILURES = 3
_OPEN_SECONDS = 0.5

Result = TypeVar("Result")


class Circuit:
    """Opens after some failures in a row; requests then do without Redis, and only a probe may call it.

    Args:
        operation: what the calls do, for metrics and the log.
        metrics: where failures and the state are counted.
    """

    def __init__(self, operation: str, metrics: CacheMetrics) -> None:
        self.operation = operation
        self._errors = metrics.errors.labels(operation)
        self._open = metrics.circuit_open.labels(operation)
        # The library's asynchronous breaker differs only in awaiting its store, which is in memory here.
        # A client that leaves says nothing about Redis.
        factory = SyncCircuitBreakerFactory(_FAILURES, _OPEN_SECONDS, exclude=[asyncio.CancelledError])
        self._breaker = factory.get_breaker(operation)

    @property
    def closed(self) -> bool:
        """Whether requests may call Redis."""
        return self._breaker.context.state == "closed"

    async def call(self, work: Callable[[], Awaitable[Result]]) -> Result | None:
        """Await a call of Redis; none if it failed or was not tried, whatever the reason."""
        was_closed = self.closed
        try:
            with self._breaker:
                result = await work()
        except Exception as error:  # also what a server sends that is no Redis
            self._errors.inc()
            if was_closed and not self.closed:
                self._open.set(1)
                _log.warning(
                    "Redis fails; the cache does without its %s until it answers again: %s", self.operation, error
                )
            return None
        if not was_closed and self.closed:
            self._open.set(0)
            _log.info("Redis answers again; the cache has its %s back", self.operation)
        return result
