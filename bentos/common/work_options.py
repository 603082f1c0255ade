"""How a request wants its work done: with which priority, until when, and whether from the cache."""

from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """Interactive work goes before bulk work, which still gets its share."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class WorkOptions:
    """What a caller says besides its texts, whatever dialect it speaks.

    Attributes:
        lane: where the work waits; by default the time that it takes decides.
        deadline: event loop time, in seconds, at which the caller stops waiting; by default the lane decides which wait
            is too long, and the request's time-out when it ends.
        use_cache: whether outputs may come from the cache, and are left in it.
    """

    lane: Lane | None = None
    deadline: float | None = None
    use_cache: bool = True


DEFAULT = WorkOptions()
"""Of a request that says nothing."""
