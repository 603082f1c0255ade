"""Under which route a request is counted, logged and traced."""

from collections.abc import Iterable

from starlette.routing import compile_path
from starlette.types import Scope

UNMATCHED = "unmatched"
"""Label of requests that no route matches; their paths would make the series' number grow without bound."""


class RouteLabels:
    """Names the route of a request, also of one that was answered before it reached any, such as for want of a key.

    Args:
        routes: all that there are, as they are declared: `/v1/models/{model}`.
    """

    def __init__(self, routes: Iterable[str]) -> None:
        self._known = [(compile_path(route)[0], route) for route in routes]

    def of(self, scope: Scope) -> str:
        """The route's path as it is declared; never the request's own."""
        # An unmatched request is left with the route of BentoML's mount, whose path is empty.
        reached: str = getattr(scope.get("route"), "path", "")
        return reached or next((route for known, route in self._known if known.fullmatch(scope["path"])), UNMATCHED)
