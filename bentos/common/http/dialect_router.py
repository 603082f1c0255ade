"""Routers of dialects that have a path in common with another one, and how their requests are told apart."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter

from bentos.common.http.responses import native_error
from bentos.common.http.route import DialectRoute, ErrorRenderer


@dataclass(frozen=True, slots=True)
class SharedPath:
    """Which requests to a path of another dialect are this dialect's.

    A request without any sign of this dialect stays with the dialect whose path it is.

    Attributes:
        path: of the other dialect.
        prefix: put before it, the path of this dialect's own route, such as `/tei` for `/tei/embed`.
        fields: a body with one of them, not null, is this dialect's,
        unless: except a body with one of these fields, not null, which only the other dialect knows.
        headers: a request with one of them is this dialect's whatever its body; as ASGI has them, names in lower case.
    """

    path: str
    prefix: str
    fields: Sequence[str] = ()
    unless: Sequence[str] = ()
    headers: Sequence[tuple[bytes, bytes]] = ()

    @property
    def own(self) -> str:
        """Path of this dialect's own route: a request to it needs no sign."""
        return self.prefix + self.path


class DialectRouter(APIRouter):
    """Router of a dialect that shares paths; one that shares none is FastAPI's.

    Args:
        shared: the requests to other dialects' paths that are this dialect's; also an attribute.
        settings: of FastAPI's router.
    """

    def __init__(self, *, shared: Sequence[SharedPath], **settings: Any) -> None:
        super().__init__(**settings)
        self.shared = shared


def shared_paths(routers: Sequence[APIRouter]) -> list[SharedPath]:
    """All that the routers declare, in their order."""
    return [shared for router in routers if isinstance(router, DialectRouter) for shared in router.shared]


def renderer_by_path(routers: Iterable[APIRouter]) -> Callable[[str], ErrorRenderer]:
    """How the dialect of a path writes errors, for those that arise before a route is reached; elsewhere natively."""
    routes = [route for router in routers for route in router.routes if isinstance(route, DialectRoute)]

    def renderer(path: str) -> ErrorRenderer:
        return next((type(route).render_error for route in routes if route.path_regex.fullmatch(path)), native_error)

    return renderer
