"""The route class of all doors.

A bounded JSON body in, any error out in the dialect's shape, work dropped when the client leaves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, ClassVar, TypeAlias

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bentos.common.http.body import JSONRequest
from bentos.common.http.native import native_error
from bentos.common.http.problems import Problem, problem_of

CLIENT_CLOSED_REQUEST = 499
"""Status under which a request is counted whose client left (nginx's number; nobody receives it)."""


ErrorRenderer: TypeAlias = Callable[[Problem], Response]


class DialectRoute(APIRoute):
    """A route whose errors are written by `render_error`; a dialect subclasses it to set its own."""

    render_error: ClassVar[ErrorRenderer] = staticmethod(native_error)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        inner = super().get_route_handler()
        render_error = type(self).render_error

        async def handle(request: Request) -> Response:
            try:
                if self.body_field is None:
                    return await inner(request)
                json_request = JSONRequest(request.scope, request.receive)
                await json_request.load(request.app.state.max_body_bytes)
                return await _until_disconnect(request, inner(json_request))
            except ClientDisconnect:
                return Response(status_code=CLIENT_CLOSED_REQUEST)
            except Exception as error:
                return render_error(problem_of(error))

        return handle


def renderer_by_path(routers: Iterable[APIRouter]) -> Callable[[str], ErrorRenderer]:
    """How the dialect of a path writes errors, for those that arise before a route is reached; elsewhere natively."""
    routes = [route for router in routers for route in router.routes if isinstance(route, DialectRoute)]

    def renderer(path: str) -> ErrorRenderer:
        return next((type(route).render_error for route in routes if route.path_regex.match(path)), native_error)

    return renderer


async def _until_disconnect(request: Request, answer: Awaitable[Response]) -> Response:
    """Await the answer, but cancel it when the client leaves: nobody would read it."""
    working = asyncio.ensure_future(answer)
    leaving = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    finally:
        leaving.cancel()
        working.cancel()
