"""Where a request goes: of a path that two dialects use its body shows which of them it speaks."""

from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bentos.common.errors import DomainError
from bentos.common.http.body import load_json


@dataclass(frozen=True, slots=True)
class SharedPath:
    """Which requests to a path are another dialect's.

    Attributes:
        path: the shared one.
        field: a body with this field is the other dialect's.
        other: path under which the other dialect has its own route.
    """

    path: str
    field: str
    other: str


class DialectDispatchMiddleware:
    """ASGI middleware that sends the other dialect's requests on to its own path, and HEAD to where GET is answered.

    Args:
        app: what answers.
        shared: the path it looks at.
        max_body_bytes: most bytes of a body.
    """

    def __init__(self, app: ASGIApp, shared: SharedPath, max_body_bytes: int) -> None:
        self._app = app
        self._shared = shared
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # of the answer the server sends no more than the head
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == self._shared.path:
            # The route meets the same error, and writes it.
            with suppress(DomainError, ClientDisconnect):
                body = await load_json(Request(scope, receive), self._max_body_bytes)
                if isinstance(body, dict) and self._shared.field in body:
                    scope["path"] = self._shared.other
        await self._app(scope, receive, send)
