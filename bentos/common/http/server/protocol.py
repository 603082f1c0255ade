"""HTTP/1.1 as uvicorn speaks it, within bounds on what one connection may send, hold and take in time.

uvicorn's httptools protocol has no such bounds, and BentoML starts uvicorn without a choice of protocol, so
`use_bounded_protocol` replaces the one that uvicorn takes by default.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import httptools
import uvicorn.config
from starlette.types import ASGIApp

from bentos.common.errors import DomainError, HeadersTooLarge, MalformedRequest, TooManyConnections
from bentos.common.http.middleware.request_context import OPERATIONS
from bentos.common.http.route import ErrorRenderer
from bentos.common.http.server.connection import Awaiting, TimedHTTPProtocol
from bentos.common.http.server.connection_limits import RESERVED_CONNECTIONS, ConnectionLimits
from bentos.common.http.server.parse_queue import MAX_SLICE_CHUNKS, SLICE_BYTES
from bentos.common.http.server.request_cycle import RequestCycle
from bentos.common.http.server.request_head import check_head
from bentos.common.observability.metrics import Metrics
from bentos.common.resources import allow_open_files
from bentos.common.settings import ServerSettings

_MAX_PIPELINED = 16
_OTHER_FILES = 512  # what the process has open besides connections: models, libraries, Redis
_PROBES = frozenset(path.encode() for path in OPERATIONS)
_BETWEEN_MESSAGES = (Awaiting.NOTHING, Awaiting.MESSAGE)
_MALFORMED = "The request is not valid HTTP/1.1."


class BoundedHTTPProtocol(TimedHTTPProtocol):
    """A connection whose client sends no more than it may.

    Args:
        around: makes the application that is served of the one that uvicorn was given.
        arguments: uvicorn's.
        options: uvicorn's, and those of `TimedHTTPProtocol`.
    """

    def __init__(self, *arguments: Any, around: Callable[[ASGIApp], ASGIApp], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.app = around(self.app)
        self._chunks: list[bytes] = []  # of the body, parsed and not yet handed to the application
        self._sends_tiny_chunks = False
        self._unused_bytes = 0  # received since the parser last completed a head or message, or gave out some of a body
        self._beyond_cap = False

    def connection_made(self, transport: Any) -> None:
        """Register the connection. If those kept for probes are used up, too, one of the others is closed for it."""
        super().connection_made(transport)
        self._limits.watch(self.connections, self.loop)
        excess = len(self.connections) - self._limits.settings.max_connections
        self._beyond_cap = excess > 0
        if excess > RESERVED_CONNECTIONS and not self._limits.evict():
            self._close("beyond_reserve")
        self._note_progress()

    def data_received(self, data: bytes) -> None:
        """Parse what came, or what of it has its turn."""
        if self._discards(len(data)):
            return
        at = 0
        while at < len(data) and not self._sends_tiny_chunks:
            self._parse(data[at : at + SLICE_BYTES])
            at += SLICE_BYTES
        self._hand_over()
        self._parse_later(data[at:])
        self._note_progress()

    def parse_next_slice(self) -> bool:
        """Parse a slice of what waits for its turn; whether there is more."""
        part = bytes(self._unparsed[:SLICE_BYTES])
        del self._unparsed[:SLICE_BYTES]
        if part and not self.transport.is_closing():
            self._parse(part)
            self._hand_over()
            self._note_progress()
        if self._awaiting is Awaiting.CLOSE or self.transport.is_closing():
            self._unparsed.clear()
        if not self._unparsed:
            self.flow.release()
        return bool(self._unparsed)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was not parsed."""
        super().connection_lost(exc)
        self._unparsed.clear()
        self._chunks.clear()

    def on_headers_complete(self) -> None:
        """Hand the request to the application, unless it is refused."""
        if self.parser.should_upgrade():
            if self.parser.get_method() == b"CONNECT":
                raise MalformedRequest("CONNECT is for proxies.")
            return  # the body is not parsed: see `_parse_again_without_upgrade`
        self._check_head()
        super().on_headers_complete()
        # uvicorn makes its own kind, and the application's task has not begun.
        self.cycle.__class__ = RequestCycle
        # The application keeps the list as it is now: trailers, which uvicorn would add to it, go into another.
        self.headers = []
        if self._beyond_cap:
            self.cycle.keep_alive = False
        self._await(Awaiting.BODY)
        self._unused_bytes = 0
        self._body_bytes = 0
        self._body_at = self._limits.now
        self._discarded = 0

    def on_body(self, body: bytes) -> None:
        """Take some of the body. There may be thousands in a slice, so this has to be cheap."""
        self._unused_bytes = 0
        self._chunks.append(body)

    def on_message_complete(self) -> None:
        """End a request."""
        if self.parser.should_upgrade():
            return
        self._hand_over()
        self._await(Awaiting.NOTHING)
        self._unused_bytes = 0
        super().on_message_complete()

    def _parse(self, data: bytes) -> None:
        if self._awaiting is Awaiting.CLOSE:
            return
        if self._awaiting in _BETWEEN_MESSAGES:
            self._await(Awaiting.HEADERS)
        self._unused_bytes += len(data)
        already = len(self._chunks)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._parse_again_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, DomainError) else MalformedRequest(_MALFORMED))
        else:
            self._sends_tiny_chunks |= len(self._chunks) - already > MAX_SLICE_CHUNKS
            if self._unused_bytes > self._limits.settings.max_header_bytes:
                self._refuse(self._too_large())

    def _parse_later(self, data: bytes) -> None:
        if data and not self._unparsed:  # it is not in the queue
            self.flow.hold()
            self._limits.parse_queue.add(self, self.loop)
        self._unparsed += data

    def _hand_over(self) -> None:
        """Give the application what has been parsed of the body."""
        if self._chunks:
            body = b"".join(self._chunks)
            self._chunks.clear()
            self._body_bytes += len(body)
            self._body_at = self._limits.now
            super().on_body(body)

    def _check_head(self) -> None:
        check_head(self.parser.get_http_version(), self.headers)
        limit = self._limits.settings.max_header_bytes
        if self._unused_bytes > limit:  # it may have come with other things
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > limit:
                raise self._too_large()
        if len(self.pipeline) >= _MAX_PIPELINED:
            raise MalformedRequest(f"More than {_MAX_PIPELINED} requests wait for their answers on this connection.")
        if self._beyond_cap:
            self._beyond_cap = len(self.connections) > self._limits.settings.max_connections
            if self._beyond_cap and self.url.partition(b"?")[0] not in _PROBES:
                raise TooManyConnections("The service has as many connections as it may have.", retry_after=1)

    def _too_large(self) -> HeadersTooLarge:
        limit = self._limits.settings.max_header_bytes
        return HeadersTooLarge(f"The request's headers or trailers have more than {limit} bytes.")

    def _parse_again_without_upgrade(self, rest: bytes) -> None:
        """The header is ignored (RFC 9110, 7.8), but the parser takes the body for the other protocol's."""
        head = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        fields = b"".join(b"%s: %s\r\n" % field for field in self.headers if field[0] != b"upgrade")
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn has it
        self._parse(head + fields + b"\r\n" + rest)


def use_bounded_protocol(
    settings: ServerSettings,
    metrics: Metrics,
    around: Callable[[ASGIApp], ASGIApp],
    renderer_by_path: Callable[[str], ErrorRenderer],
) -> None:
    """Make it what uvicorn takes by default in this process. BentoML leaves it the choice.

    Args:
        settings: of the process.
        metrics: of the service.
        around: makes the application that is served of the one that BentoML gives uvicorn.
        renderer_by_path: how errors are written on a path.
    """
    allow_open_files(settings.max_connections + RESERVED_CONNECTIONS + _OTHER_FILES)
    limits = ConnectionLimits(settings, metrics)
    protocol = partial(BoundedHTTPProtocol, limits=limits, around=around, renderer_by_path=renderer_by_path)
    uvicorn.config.HTTP_PROTOCOLS["auto"] = protocol  # type: ignore[assignment]  # it takes what is no name as it is
