"""What a connection waits for, how long it does so, and how it ends."""

import uuid
from collections.abc import Coroutine
from enum import Enum, auto
from typing import Any

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from bentos.common.errors import DomainError, RequestTimeout
from bentos.common.http.connection_limits import LINGER_SECONDS, ConnectionLimits, is_too_slow
from bentos.common.http.context import REQUEST_ID_HEADER
from bentos.common.http.native import native_error
from bentos.common.http.problems import Problem, problem_of


class Awaiting(Enum):
    """What a connection's client has to send next."""

    MESSAGE = auto()  # it has just connected
    HEADERS = auto()  # it has begun to send
    BODY = auto()
    NOTHING = auto()  # its request is complete: it is being answered, or the connection is idle
    CLOSE = auto()  # nothing that it sends is read any more


class RequestCycle(RequestResponseCycle):
    """One request and its response, which the application learns of failures of its connection from.

    Attributes:
        failure: raised where the application asks for the rest of the body, so that it writes the response.
    """

    failure: DomainError | None = None

    def receive(self) -> Coroutine[Any, Any, ASGIReceiveEvent]:
        """The next part of the body.

        Raises:
            DomainError: the rest of the body will not come.
        """
        if self.failure is not None:
            raise self.failure
        return super().receive()


class TimedHTTPProtocol(HttpToolsProtocol):
    """A connection. `ConnectionLimits` calls `check_time` at intervals, so that no request costs a timer."""

    cycle: RequestCycle

    def __init__(self, *arguments: Any, limits: ConnectionLimits, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._limits = limits
        self._awaiting = Awaiting.MESSAGE
        self._since = limits.now  # since when `_awaiting` is what it is
        self._body_bytes = 0
        self._body_at = 0.0  # when the body last grew
        self._unsent = self._to_send = 0  # bytes at the last `check_time`, and when sending began
        self._sent_at = self._sending_since = 0.0  # when `_unsent` last fell, and when it last rose

    def check_time(self, now: float, crowded: bool) -> None:
        """Close or refuse if the client takes too long.

        Args:
            now: on the clock of `ConnectionLimits`, in seconds.
            crowded: whether there are as many connections as there may be.
        """
        if self._reads_too_slowly(now):
            self._limits.count("slow_reader")
            self.transport.abort()
            return
        settings, waited = self._limits.settings, now - self._since
        match self._awaiting:
            case Awaiting.HEADERS | Awaiting.NOTHING | Awaiting.CLOSE if not self._is_answered:
                self._since = now
            case Awaiting.MESSAGE if waited >= self._limits.patience(settings.header_timeout_seconds, crowded):
                self._close("silent")
            case Awaiting.HEADERS if waited >= self._limits.patience(settings.header_timeout_seconds, crowded):
                self._refuse(RequestTimeout("The request's headers took too long to arrive."))
            case Awaiting.BODY if self.flow.read_paused or self.cycle.waiting_for_100_continue:
                self._since += self._limits.interval  # it is for us to go on
                self._body_at = now
            case Awaiting.BODY if is_too_slow(
                self._body_bytes, waited, now - self._body_at, settings.body_timeout_seconds
            ):
                self._refuse(RequestTimeout("The request's body took too long to arrive."))
            case Awaiting.NOTHING if waited >= self._limits.patience(settings.idle_timeout_seconds, crowded):
                self.transport.close()
            case Awaiting.CLOSE if waited >= LINGER_SECONDS:
                self.transport.abort()

    def _await(self, what: Awaiting) -> None:
        self._awaiting = what
        self._since = self._limits.now

    @property
    def _is_answered(self) -> bool:
        """Whether all requests on the connection have been answered; the last one is uvicorn's `cycle`."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # none at first

    def _reads_too_slowly(self, now: float) -> bool:
        """Whether the client takes too long to read what waits to be sent."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        if self._unsent > before:
            self._to_send, self._sending_since, self._sent_at = self._unsent, now, now
        elif self._unsent < before:
            self._sent_at = now
        longest, elapsed = self._limits.settings.write_timeout_seconds, now - self._sending_since
        sent = self._to_send - self._unsent
        return self._unsent > 0 and is_too_slow(sent, elapsed, now - self._sent_at, longest)

    def _refuse(self, error: DomainError) -> None:
        """Answer for the last time, in order: in the dialect's shape where the application still reads the body."""
        problem = problem_of(error)
        self._limits.count(problem.code)
        reads_body = self._awaiting is Awaiting.BODY
        self._await(Awaiting.CLOSE)
        if not self._is_answered:
            self.cycle.keep_alive = False
            if reads_body:
                self.cycle.failure = error
                self.cycle.message_event.set()
            self.flow.resume_reading()
        elif reads_body:
            self.transport.close()
        else:
            self._respond(problem)

    def _respond(self, problem: Problem) -> None:
        """Write an error; close once the client has read it, as what it still sends would reset the connection."""
        response = native_error(problem)
        identity = (REQUEST_ID_HEADER.lower().encode(), uuid.uuid4().hex.encode())
        headers = (*self.server_state.default_headers, *response.raw_headers, identity, CLOSE_HEADER)
        lines = [STATUS_LINE[problem.status], *(b"%s: %s\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join([*lines, response.body]))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _close(self, reason: str) -> None:
        self._limits.count(reason)
        self._await(Awaiting.CLOSE)
        self.transport.close()
