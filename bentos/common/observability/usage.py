"""Who sent the current request, and what it took: counted by the name of its key, where keys are set."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Usage:
    """Of one request.

    Attributes:
        key: name of its key; none before it has shown one.
        tokens: that were computed for it or found in the cache.
    """

    key: str | None = None
    tokens: int = 0


usage: ContextVar[Usage | None] = ContextVar("usage", default=None)
"""Of the request that the current task works on; none where no keys are set."""


def count_tokens(tokens: int) -> None:
    """Add to what the current request took."""
    if current := usage.get():
        current.tokens += tokens
