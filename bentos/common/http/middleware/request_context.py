"""What surrounds every request: its id, its memory, its metrics, its line in the log."""

import logging
import re
import secrets
import time
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bentos.common.http.answer_budget import refusal
from bentos.common.http.body import PARSED
from bentos.common.http.headers import TRUNCATED
from bentos.common.http.inflight import CHARGE, FREE_ANSWER_BYTES, Charge, InFlightBytes
from bentos.common.http.middleware.route_labels import RouteLabels
from bentos.common.lifecycle import Lifecycle, Phase
from bentos.common.observability.logging import request_id
from bentos.common.observability.usage import Usage, usage
from bentos.common.settings import NO_KEY

_log = logging.getLogger(__name__)
_ACCEPTABLE_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
REQUEST_ID_HEADER = "X-Request-ID"
_REQUEST_ID = REQUEST_ID_HEADER.lower().encode()  # as ASGI has it
_TRUNCATED = TRUNCATED.lower().encode()
OPERATIONS = frozenset({"/live", "/livez", "/ready", "/readyz", "/health", "/healthz", "/metrics"})
"""Routes that a supervisor polls; they are counted but not logged."""


class RequestContext:
    """ASGI middleware. Takes over a sane `X-Request-ID` from the caller, else makes one.

    A request lasts, and holds its memory, until a large answer has been handed to the socket: without that, what
    clients do not read would gather. If too much of it has, the answer is replaced by an error. While the service
    drains, answers ask the client to close its connection, so that none is cut when the port closes.
    """

    def __init__(self, app: ASGIApp, lifecycle: Lifecycle, labels: RouteLabels, inflight: InFlightBytes) -> None:
        self._app = app
        self._lifecycle = lifecycle
        self._access_log = lifecycle.server.access_log
        self._metrics = lifecycle.metrics
        self._labels = labels
        self._inflight = inflight
        self._has_keys = bool(lifecycle.server.api_keys)
        self._metrics.expect_keys(key.name for key in lifecycle.server.named_keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        identifier = next((value.decode("latin-1") for name, value in scope["headers"] if name == _REQUEST_ID), "")
        if not _ACCEPTABLE_ID.fullmatch(identifier):
            identifier = secrets.token_hex(16)
        token = request_id.set(identifier)
        used = Usage() if self._has_keys else None
        usage.set(used)
        charge = scope[CHARGE] = Charge(self._inflight)
        answer = _Answer(scope, send, identifier, self._lifecycle)
        try:
            await self._app(scope, receive, answer.send)
        finally:
            if charge.held:
                charge.release()
            # The server keeps the scope for as long as the connection has no other request.
            scope.pop(PARSED, None)
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "") or self._labels.of(scope)
            self._metrics.requests.labels(route, str(answer.status)).inc()
            self._metrics.request_seconds.labels(route).observe(seconds)
            if answer.truncated:
                self._metrics.truncated_items.labels(route).inc(answer.truncated)
            by_key = self._by_key(used, answer.status) if used else ""
            if self._access_log and route not in OPERATIONS:
                _log.info("%s %s %d %.1fms%s", scope["method"], route, answer.status, seconds * 1000, by_key)
            request_id.reset(token)

    def _by_key(self, used: Usage, status: int) -> str:
        """Count a request under its key's name, and say in the log which it was."""
        name = used.key or (NO_KEY if status == HTTPStatus.UNAUTHORIZED else None)
        if name is None:  # a path that needs none
            return ""
        self._metrics.key_requests.labels(name, str(status)).inc()
        self._metrics.key_tokens.labels(name).inc(used.tokens)
        return f" key={name} tokens={used.tokens}"


class _Answer:
    """One request's answer on its way out.

    Attributes:
        status: of what was sent; 500 before anything was.
        truncated: how many texts lost tokens.
    """

    def __init__(self, scope: Scope, send: Send, identifier: str, lifecycle: Lifecycle) -> None:
        self.status = 500
        self.truncated = 0
        self._scope = scope
        self._send = send
        self._identifier = identifier
        self._lifecycle = lifecycle
        self._refused = False

    async def send(self, message: Message) -> None:
        """Send a part of the answer; once other answers have taken the room of this one, an error in its place."""
        if self._refused:
            return
        instead = self._refusal(message) if message["type"] == "http.response.start" else None
        self._refused = instead is not None
        for part in instead or [message]:
            await self._send_on(part)

    def _refusal(self, start: Message) -> list[Message] | None:
        size = next((int(value) for name, value in start["headers"] if name.lower() == b"content-length"), 0)
        # Metrics are most wanted when memory is short, and have a size of their own.
        if size <= FREE_ANSWER_BYTES or self._scope["path"] in OPERATIONS:
            return None
        return refusal(start, size, self._scope)

    async def _send_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.truncated = next(
                (value.count(b",") + 1 for name, value in message["headers"] if name == _TRUNCATED), 0
            )
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID_HEADER] = self._identifier
            if self._lifecycle.phase is Phase.DRAINING:
                headers["Connection"] = "close"
        elif len(message.get("body", b"")) > FREE_ANSWER_BYTES:
            await self._send({**message, "more_body": True})
            # The server waits for the socket at the beginning of a send: what remains to be sent is nothing.
            message = {"type": message["type"], "more_body": message.get("more_body", False)}
        await self._send(message)
