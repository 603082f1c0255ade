"""What surrounds every request: its id, its memory, its metrics, its line in the log."""

import logging
import re
import time
import uuid

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bentos.common.http.answer_budget import within_budget
from bentos.common.http.body import forget
from bentos.common.http.inflight import FREE_ANSWER_BYTES, Charge, InFlightBytes
from bentos.common.http.middleware.route_labels import RouteLabels
from bentos.common.http.raw_headers import header
from bentos.common.lifecycle import Lifecycle, Phase
from bentos.common.observability.logging import request_id

_log = logging.getLogger(__name__)
_ACCEPTABLE_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)
REQUEST_ID_HEADER = "X-Request-ID"
OPERATIONS = frozenset({"/live", "/ready", "/readyz", "/health", "/metrics"})
"""Routes that a supervisor polls; they are counted but not logged."""


class RequestContext:
    """ASGI middleware. Takes over a sane `X-Request-ID` from the caller, else makes one.

    A request lasts, and holds its memory, until a large answer has been handed to the socket: without that, what
    clients do not read would gather. If too much of it has, the answer is replaced by an error. While the service
    drains, answers ask the client to close its connection, so that none is cut when the port closes.
    """

    def __init__(self, app: ASGIApp, lifecycle: Lifecycle, labels: RouteLabels) -> None:
        self._app = app
        self._lifecycle = lifecycle
        self._access_log = lifecycle.server.access_log
        self._metrics = lifecycle.metrics
        self._labels = labels
        self._inflight = InFlightBytes(lifecycle.server.max_inflight_bytes, lifecycle.metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = header(scope, REQUEST_ID_HEADER) or ""
        identifier = given if _ACCEPTABLE_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(identifier)
        charge = Charge(self._inflight, scope)
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = identifier
                if self._lifecycle.phase is Phase.DRAINING:
                    headers["Connection"] = "close"
            elif len(message.get("body", b"")) > FREE_ANSWER_BYTES:
                await send({**message, "more_body": True})
                # The server waits for the socket at the beginning of a send: what remains to be sent is nothing.
                message = {"type": message["type"], "more_body": message.get("more_body", False)}
            await send(message)

        # Metrics are most wanted when memory is short, and have a size of their own.
        polled = scope["path"] in OPERATIONS
        try:
            await self._app(scope, receive, send_with_id if polled else within_budget(send_with_id, scope, charge))
        finally:
            charge.release()
            forget(scope)
            seconds = time.perf_counter() - started
            route = self._labels.of(scope)
            self._metrics.requests.labels(route, str(status)).inc()
            self._metrics.request_seconds.labels(route).observe(seconds)
            if self._access_log and route not in OPERATIONS:
                _log.info("%s %s %d %.1fms", scope["method"], route, status, seconds * 1000)
            request_id.reset(token)
