"""A request's headers as the server gives them: Starlette's mapping takes ten times as long. And an answer's."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from starlette.types import Scope

WORK_OPTIONS: list[dict[str, Any]] = [
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
"""What OpenAPI says of the headers from which the options of a request's work are read."""
TRUNCATED = "X-Truncated"
INPUT_TYPE = "X-Input-Type"
CHUNKED = "X-Chunked"


def header(scope: Scope, name: str) -> str | None:
    """The first header of this name."""
    raw = _raw(name)
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == raw), None)


def truncated_header(indexes: Sequence[int], *, query: bool = False) -> dict[str, str]:
    """What names the texts that lost tokens, such as `query,0,3`, in every dialect; `RequestContext` counts them.

    Args:
        indexes: of texts or documents.
        query: whether the query lost tokens, too.
    """
    names = ["query"] * query + [str(index) for index in indexes]
    return {TRUNCATED: ",".join(names)} if names else {}


@cache
def _raw(name: str) -> bytes:
    return name.lower().encode("latin-1")  # as ASGI has them
