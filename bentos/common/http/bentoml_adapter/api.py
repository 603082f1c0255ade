"""What BentoML's own routes need to behave like our own: ids, metrics, keys, limits, statuses."""

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

from _bentoml_impl.server import app as bentoml_app  # type: ignore[import-untyped]
from bentoml._internal.marshal.dispatcher import CorkDispatcher, NonBlockSema, Optimizer
from bentoml._internal.server.http import traffic
from fastapi import APIRouter
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from bentos.common.http.bentoml_adapter.calls import BatchAPI, BentoMLCalls
from bentos.common.http.dialect_router import renderer_by_path, shared_paths
from bentos.common.http.headers import CHUNKED, INPUT_TYPE, TRUNCATED
from bentos.common.http.inflight import InFlightBytes
from bentos.common.http.middleware.api_keys import APIKeyMiddleware
from bentos.common.http.middleware.request_context import REQUEST_ID_HEADER, RequestContext
from bentos.common.http.middleware.route_labels import RouteLabels
from bentos.common.http.middleware.tracing import TracingMiddleware
from bentos.common.lifecycle import Lifecycle
from bentos.common.settings import TracesSettings
from bentos.common.work_options import Lane

_BENTOML_ROUTES = ("/schema.json",)


def add_middleware(
    service: Any,
    app: ASGIApp,
    lifecycle: Lifecycle,
    *,
    routers: Sequence[APIRouter],
    apis: Sequence[BatchAPI],
    traces: TracesSettings,
) -> Callable[[ASGIApp], ASGIApp]:
    """Put our middleware around all routes of a BentoML service, its own and ours.

    Args:
        service: the class, as `@bentoml.service` has made it.
        app: answers what is not BentoML's.
        lifecycle: of its process.
        routers: routers of our dialects.
        apis: its BentoML APIs.
        traces: whether requests are traced.

    Returns:
        What makes the application for the server of BentoML's: ours are reached past BentoML's own layers.
    """
    paths = [*(api.path for api in apis), *_BENTOML_ROUTES]
    lifecycle.metrics.expect_routes(paths)
    middleware = [
        *_middleware(lifecycle, routers, traces),
        Middleware(BentoMLCalls, apis=apis, shared=shared_paths(routers), lifecycle=lifecycle),
    ]
    for layer in middleware:
        service.add_asgi_middleware(layer.cls, **layer.kwargs)
    drop_request_timer()
    dispatch_at_once()
    ours = app
    for layer in reversed(middleware):
        wrap: Any = layer.cls
        ours = wrap(ours, **layer.kwargs)
    return partial(BentoMLBeside, ours, frozenset(paths))


def _middleware(lifecycle: Lifecycle, routers: Sequence[APIRouter], traces: TracesSettings) -> Iterator[Middleware]:
    """Those of all routes, the outermost first."""
    server = lifecycle.server
    labels = RouteLabels(lifecycle.metrics.routes)
    inflight = InFlightBytes(server.max_inflight_bytes, lifecycle.metrics)
    yield Middleware(RequestContext, lifecycle=lifecycle, labels=labels, inflight=inflight)
    if traces.url:
        yield Middleware(TracingMiddleware, labels=labels)
    if server.cors_origins:
        # Before the keys: a browser asks for permission without one.
        yield Middleware(
            CORSMiddleware,
            allow_origins=server.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=[REQUEST_ID_HEADER, "Retry-After", TRUNCATED, INPUT_TYPE, CHUNKED],
        )
    if server.api_keys:
        yield Middleware(
            APIKeyMiddleware,
            keys=server.named_keys,
            exempt=server.api_keys_exempt,
            renderer_by_path=renderer_by_path(routers),
        )


class BentoMLBeside:
    """ASGI application of the whole service: ours, and BentoML's for its own paths.

    BentoML has ours inside of its layers, too, of which a request of ours needs none; they took a quarter of a small
    request's time. The same middleware is around both.

    Args:
        ours: with middleware.
        paths: of BentoML.
        bentoml: with middleware.
    """

    def __init__(self, ours: ASGIApp, paths: Collection[str], bentoml: ASGIApp) -> None:
        self._ours = ours
        self._paths = paths
        self._bentoml = bentoml

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        app = self._bentoml if scope["path"] in self._paths else self._ours
        await app(scope, receive, send)


def drop_request_timer() -> None:
    """Leave out the middleware that gives each request a task, and a timer that outlives it by minutes.

    Our routes keep a request's deadline, and the server's protocol the time that a body may take.
    """
    traffic.TimeoutMiddleware = _nothing  # type: ignore[assignment,misc]


def _nothing(app: ASGIApp, timeout: float) -> ASGIApp:  # noqa: ARG001
    return app


class _NoWaiting(Optimizer):
    """Takes calls to need no time, and learns nothing. BentoML's own holds a lone call for others to come.

    It does so for twice the mean time of the first calls of a process while it learns from them, and later for as
    long as calls used to wait. Also it sheds calls by a guess of their time; ours are admitted before.
    """

    def __init__(self, max_latency: float) -> None:
        super().__init__(max_latency)
        self.o_a = self.o_b = 0.0

    def trigger_refresh(self) -> None:
        """Keep everything as it is."""


class _Dispatcher(CorkDispatcher[Any, Any]):
    """BentoML's dispatcher, which merges the calls that it has, and waits for no more: `MergeGate` says when they come.

    Batches of all lanes may be computed at a time, and beside each one of a call that just missed it.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options, shared_sema=NonBlockSema(2 * len(Lane)))
        self.optimizer = _NoWaiting(self.max_latency)


def dispatch_at_once() -> None:
    """Have BentoML hand a call to its API in the moment when it comes."""
    bentoml_app.CorkDispatcher = _Dispatcher
