"""HTTP/1.1 clients that cost a few microseconds a request: the load generator shares the processors with the service.

An answer's body is counted, not read. Requests are whole messages, as `benchmarks.load.requests_of` makes them.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast
from urllib.parse import urlsplit

GAVE_UP = 0
"""Stands for a status: the client closed its connection because its patience was over."""
RESET = -1
"""Stands for a status: no connection, or one that ended before the answer was complete."""
_POOL_SECONDS = 3.0
"""Idle connections are not used again after this: the services close them after five seconds."""


class Answer(NamedTuple):
    """How a request ended.

    Attributes:
        status: HTTP status, or `GAVE_UP` or `RESET`.
        ended: event loop time, in seconds, of the last byte.
        retry_after: the header's seconds, if the answer had it.
    """

    status: int
    ended: float
    retry_after: float | None = None


Done = Callable[[Answer], None]


class Clients:
    """Clients of one service that share a pool of connections; a request that finds no idle one opens another.

    Args:
        url: URL of the service.
        patience: seconds after which a client closes its connection; None waits for ever.
    """

    def __init__(self, url: str, patience: float | None = None) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.patience = str(parts.hostname), parts.port or 80, patience
        self.loop = asyncio.get_running_loop()
        self.opened = 0
        self._idle: list[_Connection] = []
        self._opening: set[asyncio.Task[None]] = set()

    def send(self, request: bytes, done: Done) -> None:
        """Send a request and return at once; `done` is called when it has ended, however it did."""
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and self.loop.time() - connection.idle_since < _POOL_SECONDS:
                connection.begin(request, done, self.patience)
                return
            connection.close()
        self.send_afresh(request, done)

    def send_afresh(self, request: bytes, done: Done) -> None:
        """As `send`, on a new connection."""
        connection = _Connection(self)
        connection.begin(request, done, self.patience)
        self.opened += 1
        task = self.loop.create_task(self._connect(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait until it has ended."""
        answered: asyncio.Future[Answer] = self.loop.create_future()
        self.send(request, answered.set_result)
        return await answered

    async def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        await asyncio.gather(*self._opening)

    def put_back(self, connection: "_Connection") -> None:
        """Take a connection whose answer is complete."""
        self._idle.append(connection)

    async def _connect(self, connection: "_Connection") -> None:
        try:
            await self.loop.create_connection(lambda: connection, self.host, self.port)
        except OSError:
            connection.end(RESET)


class _Connection(asyncio.Protocol):
    """One connection, with at most one request at a time."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._transport: asyncio.Transport | None = None
        self._request = b""
        self._fresh = True
        self._done: Done | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head = b""
        self._missing = 0
        self._status = 0
        self._retry_after: float | None = None
        self.usable = True
        self.idle_since = 0.0

    def begin(self, request: bytes, done: Done, patience: float | None) -> None:
        """Send a request, at once or as soon as the connection is open."""
        self._done, self._head, self._missing, self._retry_after = done, b"", 0, None
        if patience is not None:
            self._timer = self._clients.loop.call_later(patience, self.end, GAVE_UP)
        self._request, self._fresh = request, self._transport is None
        if self._transport is not None:
            self._transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what waits for the connection."""
        self._transport = cast(asyncio.Transport, transport)
        if self._done is None:  # it has given up meanwhile
            self.close()
        else:
            self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count an answer's bytes."""
        if self._done is None:
            return
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            fields = self._head[: end + 2].lower()
            self._status = int(fields[9:12])
            self._missing = int(_field(fields, b"content-length") or 0) - (len(self._head) - end - 4)
            self.usable = _field(fields, b"connection") != b"close"
            if self._status >= 400 and (value := _field(fields, b"retry-after")) is not None:
                self._retry_after = float(value)
        if self._missing <= 0:
            self.end(self._status)

    def connection_lost(self, _: Exception | None) -> None:
        """A request that waits for its answer is lost, unless the service closed an idle connection just then."""
        self.usable = False
        if self._done is not None and not self._fresh and not self._head:
            done, self._done = self._done, None
            self._stop_timer()
            self._clients.send_afresh(self._request, done)
        else:
            self.end(RESET)

    def end(self, status: int) -> None:
        """End the request, if there is one, and say so."""
        done, self._done = self._done, None
        if done is None:
            return
        self._stop_timer()
        self.idle_since = self._clients.loop.time()
        if status > 0 and self.usable:
            self._clients.put_back(self)
        else:
            self.close()
        done(Answer(status, self.idle_since, self._retry_after))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Close the connection at once, whatever is on its way."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()


def _field(fields: bytes, name: bytes) -> bytes | None:
    """Value of a header field in lower-case bytes."""
    _, found, rest = fields.partition(b"\r\n" + name + b":")
    return rest.split(b"\r\n", 1)[0].strip() if found else None
