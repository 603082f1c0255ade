"""What all connections of a process may take together, and the clock by which they are timed."""

import asyncio
from collections.abc import Set
from typing import Any, Protocol

from bentos.common.http.server.parse_queue import ParseQueue
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import ServerSettings

MAX_HEADERS = 100
RESERVED_CONNECTIONS = 64
"""Connections beyond the cap on which only probes are answered."""
LINGER_SECONDS = 2.0
"""How long a client has to read its last answer and hang up."""
_CROWDED_SECONDS = 2.0
_MIN_BYTES_PER_SECOND = 4096
_LONGEST_INTERVAL = 1.0


class Timed(Protocol):
    """A connection."""

    def check_time(self, now: float, crowded: bool) -> None:
        """Close or refuse if the client takes too long."""

    def evict(self) -> None:
        """Close or refuse, to make room for another connection."""


class ConnectionLimits:
    """Checks all connections at intervals, by one timer that rests while there is none.

    Its clock advances by one interval per check, however late the check comes: while the event loop was held up no
    client could be heard, and none is blamed for it.

    Attributes:
        settings: of the process.
        now: time on the clock, in seconds.
        interval: seconds between two checks.
        max_discarded_bytes: how much a client may go on to send after its answer: ordinary clients send a whole body
            before they read, and use the connection again.
        parse_queue: connections with more to parse than is parsed at a time.
    """

    def __init__(self, settings: ServerSettings, metrics: Metrics) -> None:
        self.settings = settings
        self.now = 0.0
        shortest = min(
            settings.header_timeout_seconds,
            settings.body_timeout_seconds,
            settings.write_timeout_seconds,
            settings.idle_timeout_seconds,
        )
        self.interval = min(_LONGEST_INTERVAL, shortest / 4)
        self.max_discarded_bytes = 2 * settings.max_body_bytes
        self.parse_queue = ParseQueue()
        self._metrics = metrics
        self._evictable: dict[Timed, None] = {}  # in the order in which they last made progress
        self._watching = False

    def watch(self, connections: Set[Any], loop: asyncio.AbstractEventLoop) -> None:
        """Check these connections, each one `Timed`, until none is left; called whenever there is one more."""
        if not self._watching:
            self._watching = True
            self._metrics.connections.set_function(connections.__len__)
            loop.call_later(self.interval, self._check, connections, loop)

    def count(self, reason: str) -> None:
        """Count a connection that was closed for what its client did."""
        self._metrics.connections_refused.labels(reason).inc()

    def waits_for_client(self, connection: Timed) -> None:
        """Note that a connection has made progress, and that it is for its client to go on."""
        self._evictable.pop(connection, None)
        self._evictable[connection] = None

    def waits_for_service(self, connection: Timed) -> None:
        """Note that a connection is being answered, or closed."""
        self._evictable.pop(connection, None)

    def evict(self) -> bool:
        """Make room: close the connection whose client has made no progress for longest; whether there was one."""
        connection = next(iter(self._evictable), None)
        if connection is None:
            return False
        del self._evictable[connection]
        connection.evict()
        return True

    def patience(self, seconds: float, crowded: bool) -> float:
        """How long a client may pause."""
        return min(seconds, _CROWDED_SECONDS) if crowded else seconds

    def _check(self, connections: Set[Timed], loop: asyncio.AbstractEventLoop) -> None:
        self.now += self.interval
        crowded = len(connections) >= self.settings.max_connections
        for connection in tuple(connections):
            connection.check_time(self.now, crowded)
        self._watching = bool(connections)
        if self._watching:
            loop.call_later(self.interval, self._check, connections, loop)


def is_too_slow(size: int, elapsed: float, silent: float, longest: float) -> bool:
    """Whether what a client sends or reads has come to a halt, or drips.

    Args:
        size: bytes so far.
        elapsed: seconds since it began.
        silent: seconds since the last of the bytes.
        longest: seconds that it may pause, and may take in all whatever its rate.
    """
    return silent >= longest or (elapsed >= longest and size < elapsed * _MIN_BYTES_PER_SECOND)
