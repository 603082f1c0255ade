"""The ASGI application of a service: its routers between the shared middleware, probes and errors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import prometheus_client
from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from bentos.common.http import probes
from bentos.common.http.dialect_router import renderer_by_path
from bentos.common.http.middleware.dialect_dispatch import DialectDispatchMiddleware
from bentos.common.http.middleware.route_labels import UNMATCHED
from bentos.common.http.openapi.document import Description
from bentos.common.http.openapi.notes import BatchDescription, BodyNotes
from bentos.common.http.other_service import OtherService
from bentos.common.http.outside_routes import create_handler
from bentos.common.http.page.routes import Page, page_router
from bentos.common.http.route import DialectRoute
from bentos.common.lifecycle import Lifecycle
from bentos.common.version import VERSION

# Their `_created` twins double the series and Prometheus does not need them.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class ServiceAPI:
    """What one service answers over HTTP, besides what both do.

    Attributes:
        routers: one per dialect.
        description: first paragraph of the OpenAPI page.
        limits: what `/info` reports besides the settings of engine and server,
        defaults: and what requests get that do not say otherwise.
        page: the service's part of the page at `GET /`.
        other_service: named in 404s of its paths.
        bodies: what OpenAPI says of bodies beyond their types, by path.
        batch_apis: what OpenAPI says of BentoML's APIs, by path.
    """

    routers: Sequence[APIRouter]
    description: str
    limits: Mapping[str, int]
    page: Page
    other_service: OtherService
    defaults: Mapping[str, object] = field(default_factory=dict)
    bodies: Mapping[str, BodyNotes] = field(default_factory=dict)
    batch_apis: Mapping[str, BatchDescription] = field(default_factory=dict)


def create_app(lifecycle: Lifecycle, api: ServiceAPI) -> ASGIApp:
    """Build the application. It holds no BentoML and runs under any ASGI server.

    Args:
        lifecycle: the process's state; the caller starts and stops it.
        api: of the service.
    """
    limit = lifecycle.server.max_body_bytes
    operations = probes.create_router(lifecycle, {"max_body_bytes": limit, **api.limits}, api.defaults)
    routers = [*api.routers, operations, page_router(lifecycle.name, api.page)]
    app = FastAPI(
        title=lifecycle.name,
        version=VERSION,
        description=api.description,
        exception_handlers={
            HTTPException: create_handler(lifecycle.name, routers, api.batch_apis, api.other_service),
        },
        redirect_slashes=False,
        docs_url=None,  # FastAPI's take their scripts from another host
        redoc_url=None,
    )
    app.state.server = lifecycle.server
    for router in routers:
        app.include_router(router)
        lifecycle.metrics.expect_routes(route.path for route in router.routes if isinstance(route, DialectRoute))
    lifecycle.metrics.expect_routes([UNMATCHED, "/openapi.json"])
    server = lifecycle.server
    description = Description(
        app, renderer_by_path(api.routers), api.bodies, api.batch_apis, bool(server.api_keys), server.api_keys_exempt
    )
    app.openapi = lambda: description.content  # type: ignore[method-assign]
    # BentoML looks into a bare Starlette application and answers unknown paths itself, in its own shape.
    return DialectDispatchMiddleware(app, routers, limit)
