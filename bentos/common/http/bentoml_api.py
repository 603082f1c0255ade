"""What BentoML's own routes need to behave like our doors: ids, metrics, keys, limits, statuses."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from bentoml._internal.server.http import traffic
from bentoml.exceptions import BentoMLException
from fastapi import APIRouter
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bentos.common.errors import DomainError
from bentos.common.http.body import read
from bentos.common.http.context import REQUEST_ID_HEADER, RequestContext
from bentos.common.http.keys import RequireKey
from bentos.common.http.native import native_error
from bentos.common.http.problems import problem_of
from bentos.common.http.route import CLIENT_CLOSED_REQUEST, renderer_by_path
from bentos.common.http.route_labels import RouteLabels
from bentos.common.http.traces import TraceRequests
from bentos.common.lifecycle import Lifecycle
from bentos.common.settings import TracesSettings

_BENTOML_ROUTES = ("/schema.json", "/livez", "/healthz", "/readyz")


class RefusedCall(BentoMLException):
    """A domain error on its way through BentoML, which reads the status from `error_code`."""

    def __init__(self, message: str, status: HTTPStatus) -> None:
        super().__init__(message)
        self.error_code = status


@contextmanager
def bentoml_call() -> Iterator[None]:
    """A block that answers a call of BentoML's APIs: domain errors leave with the status that our doors give them."""
    try:
        yield
    except DomainError as error:
        problem = problem_of(error)
        raise RefusedCall(problem.message, HTTPStatus(problem.status)) from error


class BoundedBody:
    """ASGI middleware. Reads bodies of BentoML's APIs within our limit before BentoML, which has none, reads them.

    Args:
        app: what answers.
        paths: of BentoML's APIs.
        limit: most bytes.
    """

    def __init__(self, app: ASGIApp, paths: Collection[str], limit: int) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        try:
            body = await read(Request(scope, receive), self._limit)
        except ClientDisconnect:
            await Response(status_code=CLIENT_CLOSED_REQUEST)(scope, receive, send)
            return
        except DomainError as error:
            await native_error(problem_of(error))(scope, receive, send)
            return
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        await self._app(scope, replay, send)


def surround(
    service: Any, lifecycle: Lifecycle, *, doors: Sequence[APIRouter], apis: Sequence[str], traces: TracesSettings
) -> None:
    """Put our middleware around all routes of a BentoML service, its own and ours.

    Args:
        service: the class, as `@bentoml.service` has made it.
        lifecycle: of its process.
        doors: routers of our dialects.
        apis: paths of its BentoML APIs.
        traces: whether requests are traced.
    """
    server = lifecycle.server
    lifecycle.metrics.expect_routes([*apis, *_BENTOML_ROUTES])
    labels = RouteLabels(lifecycle.metrics.routes)
    service.add_asgi_middleware(RequestContext, lifecycle=lifecycle, labels=labels)
    if traces.url:
        service.add_asgi_middleware(TraceRequests, labels=labels)
    if server.cors_origins:
        # Before the keys: a browser asks for permission without one.
        service.add_asgi_middleware(
            CORSMiddleware,
            allow_origins=server.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=[REQUEST_ID_HEADER, "Retry-After"],
        )
    service.add_asgi_middleware(
        RequireKey,
        keys=[key.get_secret_value() for key in server.api_keys],
        exempt=server.api_keys_exempt,
        renderer_by_path=renderer_by_path(doors),
    )
    service.add_asgi_middleware(BoundedBody, paths=apis, limit=server.max_body_bytes)
    drop_request_timer()


def drop_request_timer() -> None:
    """Leave out the middleware that gives each request a task, and a timer that outlives it by minutes.

    Our routes keep a request's deadline, and the server's protocol the time that a body may take.
    """
    traffic.TimeoutMiddleware = _nothing  # type: ignore[assignment,misc]


def _nothing(app: ASGIApp, timeout: float) -> ASGIApp:  # noqa: ARG001
    return app
