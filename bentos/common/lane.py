"""The two priorities of work."""

from enum import StrEnum


class Lane(StrEnum):
    """Interactive work goes before bulk work, which still gets its share."""

    INTERACTIVE = "interactive"
    BULK = "bulk"
