"""What answers a request that no route takes: it says which path or method was meant, in the words of its dialect."""

import re
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bentos.common.errors import shortened
from bentos.common.http.dialect_router import renderer_by_path, shared_paths
from bentos.common.http.other_service import OtherService
from bentos.common.http.problems import problem_of
from bentos.common.http.route import DialectRoute

ExceptionHandler: TypeAlias = Callable[[Request, Any], Coroutine[Any, Any, Response]]

_SLASHES = re.compile(r"/{2,}")
_TWICE = re.compile(r"(/[a-z]+\d*)\1(?=/|$)")
"""A base URL ends in `/v1`, or in the whole path, and the client adds it again."""
_ALIKE = 0.85
"""How alike two paths have to be, of 1."""
_LONGEST = 64
"""Characters of a path that is compared with others."""


def create_handler(
    name: str, routers: Sequence[APIRouter], batch_apis: Collection[str], other_service: OtherService
) -> ExceptionHandler:
    """The handler of Starlette's 404 and 405.

    Args:
        name: of the service.
        routers: all that it has.
        batch_apis: paths of BentoML's.
        other_service: whose paths are asked for here by mistake.
    """
    renderer = renderer_by_path(routers)
    prefixes = {shared.prefix for shared in shared_paths(routers)}
    methods = _methods_by_path(routers)
    paths = [*methods, *batch_apis, *other_service.paths]

    def neighbour(path: str) -> str:
        """A known path that begins as an unknown one does, if all such have one dialect; else the path itself."""
        folder = path[: path.find("/", 1) + 1]
        beside = [known for known in methods if folder and known.startswith(folder)]
        return beside[0] if len({renderer(known) for known in beside}) == 1 else path

    def hint(path: str) -> tuple[str, str]:
        """What to say of an unknown path, and a path in whose dialect to say it."""
        if other_service.answers(path, prefixes):
            return other_service.hint(path, name), neighbour(path)
        meant = nearest(path, paths)
        if not meant:
            return f"There is no path {shortened(path)} here: GET /docs lists all.", neighbour(path)
        whose = f" {other_service.hint(meant[0], name)}" if other_service.answers(meant[0], prefixes) else ""
        return f"There is no path {path}: did you mean {' or '.join(meant)}?{whose}", meant[0]

    async def answer(request: Request, error: Exception) -> Response:
        path = request.url.path
        problem = problem_of(error)
        if problem.status == HTTPStatus.NOT_FOUND:
            message, path = hint(path)
            problem = replace(problem, message=message)
        elif problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
            allowed = methods.get(path) or [problem.headers["Allow"]]
            message = f"{shortened(path)} takes {' or '.join(allowed)}, not {request.method}."
            problem = replace(problem, message=message, headers={"Allow": ", ".join(allowed)})
        return renderer(path)(problem)

    return answer


def nearest(path: str, known: Collection[str]) -> list[str]:
    """Known paths that a request may have meant, at most two, the likeliest first; none if it is like none of them.

    Args:
        path: of the request, as long as the client likes.
        known: paths without parameters.
    """
    if len(path) > _LONGEST:
        return []
    tidy = _TWICE.sub(r"\1", _SLASHES.sub("/", path).rstrip("/").lower())
    return [tidy] if tidy in known else get_close_matches(tidy, known, 2, _ALIKE)


def _methods_by_path(routers: Sequence[APIRouter]) -> dict[str, list[str]]:
    """What each path without parameters takes; HEAD is answered wherever GET is."""
    methods: dict[str, set[str]] = {}
    for router in routers:
        for route in router.routes:
            if isinstance(route, DialectRoute) and "{" not in route.path:
                methods.setdefault(route.path, set()).update(route.methods or ())
    return {path: sorted(several | ({"HEAD"} if "GET" in several else set())) for path, several in methods.items()}
