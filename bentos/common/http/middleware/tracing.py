"""One span for each request, in the caller's trace if it names one."""

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bentos.common.http.middleware.request_context import OPERATIONS
from bentos.common.http.middleware.route_labels import RouteLabels
from bentos.common.observability.logging import request_id
from bentos.common.observability.tracing import span

_FAILED = 500


class TracingMiddleware:
    """ASGI middleware. Reads W3C's `traceparent`; leaves out what a supervisor polls."""

    def __init__(self, app: ASGIApp, labels: RouteLabels) -> None:
        self._app = app
        self._labels = labels
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] in OPERATIONS:
            await self._app(scope, receive, send)
            return
        status = _FAILED

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        caller = self._propagator.extract(Headers(scope=scope), Context())
        with span(scope["method"], parent=caller, kind=SpanKind.SERVER) as current:
            current.set_attributes({"http.request.method": scope["method"], "duobento.request_id": request_id.get()})
            try:
                await self._app(scope, receive, send_and_note)
            finally:
                route = self._labels.of(scope)
                current.update_name(f"{scope['method']} {route}")
                current.set_attributes({"http.route": route, "http.response.status_code": status})
                if status >= _FAILED:
                    current.set_status(StatusCode.ERROR)
