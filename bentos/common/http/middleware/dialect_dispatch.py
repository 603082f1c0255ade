"""Where a request goes: of a path that two dialects use its body shows which of them it speaks."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from bentos.common.errors import DomainError
from bentos.common.http.body import load_json
from bentos.common.http.route import DialectRoute


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
    """ASGI application in front of FastAPI's: what a `DialectRoute` can answer by itself goes there directly.

    FastAPI tries one route after another and opens two stacks of contexts for dependencies, of which these routes have
    none, inside four layers of middleware. All that took a third of the time of a small request. It still describes the
    routes, and answers what is not in the table: paths with parameters, wrong methods, unknown paths.

    Args:
        app: has the routes, too.
        routers: of the application.
        shared: the path that two dialects have in common.
        max_body_bytes: most bytes of a body.
    """

    def __init__(self, app: FastAPI, routers: Iterable[APIRouter], shared: SharedPath, max_body_bytes: int) -> None:
        self._app = app
        self._routes = {
            (method, route.path): route
            for router in routers
            for route in router.routes
            if isinstance(route, DialectRoute) and route.direct
            for method in route.methods or ()
        }
        self._shared = shared
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # of the answer the server sends no more than the head
        elif scope["method"] == "POST" and scope["path"] == self._shared.path:
            # The route meets the same error, and writes it.
            with suppress(DomainError, ClientDisconnect):
                body = await load_json(Request(scope, receive), self._max_body_bytes)
                if isinstance(body, dict) and self._shared.field in body:
                    scope["path"] = self._shared.other
        route = self._routes.get((scope["method"], scope["path"]))
        if route and route.direct:
            scope["app"], scope["route"] = self._app, route
            await route.direct(scope, receive, send)
        else:
            await self._app(scope, receive, send)
