"""What a connection waits for, how long it does so, and how it ends."""

import secrets
from collections.abc import Callable
from enum import Enum, auto
from typing import Any
from urllib.parse import unquote

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from bentos.common.errors import DomainError, RequestTimeout
from bentos.common.http.middleware.request_context import REQUEST_ID_HEADER
from bentos.common.http.problems import Problem, problem_of
from bentos.common.http.responses import native_error
from bentos.common.http.route import ErrorRenderer
from bentos.common.http.server.connection_limits import LINGER_SECONDS, ConnectionLimits, is_too_slow
from bentos.common.http.server.parse_queue import HoldableFlow
from bentos.common.http.server.request_cycle import RequestCycle
from bentos.common.observability.logging import request_id


class Awaiting(Enum):
    """What a connection's client has to send next."""

    MESSAGE = auto()  # it has just connected
    HEADERS = auto()  # it has begun to send
    BODY = auto()
    NOTHING = auto()  # its request is complete: it is being answered, or the connection is idle
    CLOSE = auto()  # nothing that it sends is read any more


class TimedHTTPProtocol(HttpToolsProtocol):
    """A connection. `ConnectionLimits` calls `check_time` at intervals, so that no request costs a timer."""

    cycle: RequestCycle
    flow: HoldableFlow

    def __init__(
        self,
        *arguments: Any,
        limits: ConnectionLimits,
        renderer_by_path: Callable[[str], ErrorRenderer] = lambda _: native_error,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._limits = limits
        self._renderer_by_path = renderer_by_path
        self.url = b""  # which uvicorn sets when a message begins
        self._awaiting = Awaiting.MESSAGE
        self._since = limits.now  # since when `_awaiting` is what it is
        self._answering: RequestResponseCycle | None = None  # uvicorn's `cycle` is the last that came
        self._discarded = 0  # bytes that came after the last answer, or after the request was refused
        self._body_bytes = 0
        self._body_at = 0.0  # when the body last grew
        self._unparsed = bytearray()  # received, and held back until its turn
        self._unsent = self._to_send = 0  # bytes at the last `check_time`, and when sending began
        self._sent_at = self._sending_since = 0.0  # when `_unsent` last fell, and when it last rose

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        super().connection_made(transport)
        self.flow = HoldableFlow(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being answered, also if others wait behind it, and drop those."""
        self._limits.waits_for_service(self)
        self.pipeline.clear()
        super().connection_lost(exc)
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    def on_response_complete(self) -> None:
        """Go on with a request that waits; as uvicorn does it, but without a timer for the idle connection."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._awaiting is Awaiting.BODY:
            self._await(Awaiting.BODY)  # what still comes of it is discarded, for a while
        self._note_progress()

    def evict(self) -> None:
        """Close or refuse, to make room for another connection."""
        match self._awaiting:
            case Awaiting.BODY if not self._is_answered:
                self._refuse(RequestTimeout("The request's body took too long to arrive."), "evicted")
            case Awaiting.HEADERS:
                self._refuse(RequestTimeout("The request's headers took too long to arrive."), "evicted")
                self.transport.close()
            case Awaiting.CLOSE:
                self.transport.abort()  # counted when it was refused
            case _:
                self._close("evicted")

    def check_time(self, now: float, crowded: bool) -> None:
        """Close or refuse if the client takes too long.

        Args:
            now: on the clock of `ConnectionLimits`, in seconds.
            crowded: whether there are as many connections as there may be.
        """
        if self._reads_too_slowly(now, crowded):
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
            case Awaiting.CLOSE if waited >= LINGER_SECONDS:
                self.transport.abort()
            case Awaiting.BODY if self._unparsed or self.flow.read_paused or self.cycle.waiting_for_100_continue:
                self._since += self._limits.interval  # it is for us to go on
                self._body_at = now
            case Awaiting.BODY if is_too_slow(
                self._body_bytes,
                waited,
                now - self._body_at,
                self._limits.patience(settings.body_timeout_seconds, crowded),
            ):
                self._refuse(RequestTimeout("The request's body took too long to arrive."))
            case Awaiting.NOTHING if waited >= self._limits.patience(settings.idle_timeout_seconds, crowded):
                self.transport.close()

    def _await(self, what: Awaiting) -> None:
        self._awaiting = what
        self._since = self._limits.now

    @property
    def _is_answered(self) -> bool:
        """Whether all requests on the connection have been answered; the last one is uvicorn's `cycle`."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # none at first

    def _reads_too_slowly(self, now: float, crowded: bool) -> bool:
        """Whether the client takes too long to read what waits to be sent."""
        before, self._unsent = self._unsent, self.transport.get_write_buffer_size()
        if self._unsent > before:
            self._to_send, self._sending_since, self._sent_at = self._unsent, now, now
        elif self._unsent < before:
            self._sent_at = now
        longest = self._limits.patience(self._limits.settings.write_timeout_seconds, crowded)
        elapsed = now - self._sending_since
        sent = self._to_send - self._unsent
        return self._unsent > 0 and is_too_slow(sent, elapsed, now - self._sent_at, longest)

    def _discards(self, size: int) -> bool:
        """Whether to drop what was received. After `max_discarded_bytes` no more is read, as there may be no end of it.

        Args:
            size: bytes that were received.
        """
        if self._awaiting is not Awaiting.CLOSE and not (self._awaiting is Awaiting.BODY and self._is_answered):
            return False
        self._discarded += size
        if self._discarded > self._limits.max_discarded_bytes:
            self._await(Awaiting.CLOSE)
            self.flow.hold()
        return self._awaiting is Awaiting.CLOSE

    def _note_progress(self) -> None:
        if self._is_answered or (self._awaiting is Awaiting.BODY and not self.pipeline):
            self._limits.waits_for_client(self)
        else:
            self._limits.waits_for_service(self)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _refuse(self, error: DomainError, reason: str | None = None) -> None:
        """Answer for the last time, in order: in the dialect's shape where the application still reads the body."""
        problem = problem_of(error)
        self._limits.count(reason or problem.code)
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

    @property
    def _path(self) -> str:
        """Of the request that comes in, or of the last one: whose client asks there speaks that dialect."""
        return unquote(self.url.partition(b"?")[0].decode("latin-1"))

    def _respond(self, problem: Problem) -> None:
        """Write an error; close once the client has read it, as what it still sends would reset the connection."""
        identifier = secrets.token_hex(16)
        token = request_id.set(identifier)  # which some dialects have in the body, too
        response = self._renderer_by_path(self._path)(problem)
        request_id.reset(token)
        identity = (REQUEST_ID_HEADER.lower().encode(), identifier.encode())
        headers = (*self.server_state.default_headers, *response.raw_headers, identity, CLOSE_HEADER)
        lines = [STATUS_LINE[response.status_code], *(b"%s: %s\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join([*lines, response.body]))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _close(self, reason: str) -> None:
        self._limits.count(reason)
        self._await(Awaiting.CLOSE)
        self.transport.close()
