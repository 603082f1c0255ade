"""What BentoML's own routes need to behave like our doors: ids, metrics, keys, statuses."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from bentoml.exceptions import BentoMLException
from fastapi import APIRouter
from starlette.middleware.cors import CORSMiddleware

from bentos.common.errors import DomainError
from bentos.common.http.context import REQUEST_ID_HEADER, RequestContext
from bentos.common.http.keys import RequireKey
from bentos.common.http.problems import problem_of
from bentos.common.http.route import renderer_by_path
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
def bentoml_errors() -> Iterator[None]:
    """Within the block, domain errors leave with the status that our doors give them."""
    try:
        yield
    except DomainError as error:
        problem = problem_of(error)
        raise RefusedCall(problem.message, HTTPStatus(problem.status)) from error


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
    service.add_asgi_middleware(RequestContext, lifecycle=lifecycle)
    if traces.url:
        service.add_asgi_middleware(TraceRequests)
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
    lifecycle.metrics.expect_routes([*apis, *_BENTOML_ROUTES])
