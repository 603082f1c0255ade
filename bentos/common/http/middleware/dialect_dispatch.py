"""Where a request goes: of a path that several dialects use its headers or its body show which of them it speaks."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from bentos.common.errors import DomainError, MalformedBody, TooManyItems
from bentos.common.http.body import load_json
from bentos.common.http.dialect_router import SharedPath, shared_paths
from bentos.common.http.route import DialectRoute


class DialectDispatchMiddleware:
    """ASGI application in front of FastAPI's: what a `DialectRoute` can answer by itself goes there directly.

    FastAPI tries one route after another and opens two stacks of contexts for dependencies, of which these routes have
    none, inside four layers of middleware. All that took a third of the time of a small request. It still describes the
    routes, and answers what is not in the table: paths with parameters, wrong methods, unknown paths.

    Args:
        app: has the routes, too.
        routers: of the application; a `DialectRouter` says which requests to others' paths are its own.
        max_body_bytes: most bytes of a body.

    Raises:
        ValueError: a router has no route for the requests that it says are its own.
    """

    def __init__(self, app: FastAPI, routers: Sequence[APIRouter], max_body_bytes: int) -> None:
        self._app = app
        self._routes = {
            (method, route.path): route
            for router in routers
            for route in router.routes
            if isinstance(route, DialectRoute) and route.direct
            for method in route.methods or ()
        }
        self._dialects: dict[str, list[tuple[str, SharedPath]]] = {}
        for shared in shared_paths(routers):
            if ("POST", shared.own) not in self._routes:
                raise ValueError(f"{shared.own} is no route, but requests to {shared.path} would be sent there.")
            self._dialects.setdefault(shared.path, []).append((shared.own, shared))
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # of the answer the server sends no more than the head
        elif scope["method"] == "POST" and (dialects := self._dialects.get(scope["path"])):
            scope["path"] = await dialect_path(dialects, scope, receive, self._max_body_bytes)
        route = self._routes.get((scope["method"], scope["path"]))
        if route and route.direct:
            scope["app"], scope["route"] = self._app, route
            await route.direct(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def dialect_path(
    dialects: Sequence[tuple[str, SharedPath]], scope: Scope, receive: Receive, max_body_bytes: int
) -> str:
    """The own path of the dialect that a request speaks, of several that share its path.

    Args:
        dialects: own paths, and what their requests are known by.
        scope: of the request.
        receive: gives its body, which is kept parsed for the route.
        max_body_bytes: most bytes of a body.
    """
    for own, shared in dialects:
        for header in shared.headers:
            if header in scope["headers"]:
                return own
    path: str = scope["path"]
    try:
        body = await load_json(Request(scope, receive), max_body_bytes)
    except (MalformedBody, TooManyItems) as error:
        # The route meets the same error: that of the dialect whose fields the body seems to have writes it.
        return next(
            (
                own
                for own, shared in dialects
                if not error.fields.isdisjoint(shared.fields) and error.fields.isdisjoint(shared.unless)
            ),
            path,
        )
    except (DomainError, ClientDisconnect):
        return path
    if isinstance(body, dict):
        for own, shared in dialects:
            if _has(body, shared.fields) and not _has(body, shared.unless):
                return own
    return path


def _has(body: dict[str, Any], fields: Sequence[str]) -> bool:
    """Whether one of the fields is there and not null."""
    # `isdisjoint` looks up the few declared names, not the many that a body may have.
    return not body.keys().isdisjoint(fields) and any(body.get(field) is not None for field in fields)
