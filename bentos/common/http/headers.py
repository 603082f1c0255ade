"""A request's headers as the server gives them, and what those say that are about its work.

They are read by hand: Starlette's mapping takes ten times as long for one that is missing, and FastAPI's dependencies
took 100 µs of a request, a third of what a cached answer takes.
"""

import asyncio
import math
from functools import cache
from typing import Any

from starlette.types import Scope

from bentos.common.errors import InvalidInput
from bentos.common.work_options import DEFAULT, WorkOptions

_TIMEOUT = b"x-request-timeout"
_CACHE_CONTROL = b"cache-control"

PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "X-Request-Timeout",
        "in": "header",
        "required": False,
        "schema": {"type": "number", "exclusiveMinimum": 0},
        "description": "Seconds after which the caller stops waiting. A request that cannot be answered by then is "
        "refused at once with 429; one that is late all the same gets 504",
    },
    {
        "name": "Cache-Control",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "`no-store` computes everything anew and leaves nothing in the cache",
    },
]
"""The headers as OpenAPI describes them."""


def header(scope: Scope, name: str) -> str | None:
    """The first header of this name."""
    raw = _raw(name)
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == raw), None)


def work_options(scope: Scope, longest: float) -> WorkOptions:
    """What the headers say of a request's work; they say nothing of its lane.

    Args:
        scope: of the request.
        longest: most seconds that a request may take.

    Raises:
        InvalidInput: the caller's limit is not a number above 0.
    """
    timeout: bytes | None = None
    use_cache = True
    for name, value in scope["headers"]:
        if name == _TIMEOUT:
            timeout = value if timeout is None else timeout
        elif name == _CACHE_CONTROL:
            use_cache = use_cache and b"no-store" not in value.lower()
    if timeout is None and use_cache:
        return DEFAULT
    return WorkOptions(deadline=None if timeout is None else _deadline(timeout, longest), use_cache=use_cache)


@cache
def _raw(name: str) -> bytes:
    return name.lower().encode("latin-1")  # as ASGI has them


def _deadline(timeout: bytes, longest: float) -> float:
    try:
        seconds = float(timeout.decode("latin-1"))
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise InvalidInput("x-request-timeout: Input should be a number greater than 0", loc=("x-request-timeout",))
    return asyncio.get_running_loop().time() + min(longest, seconds)
