"""What every source gives: records, page by page, from a position that can be saved."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

PointId = int | str
Cursor = int | str | None
"""A position in the source that JSON can hold; None is the beginning."""


@dataclass(frozen=True)
class Record:
    """A point without the vector that is replaced.

    Attributes:
        id: the point's id, the same in source and target.
        vectors: the other named vectors, carried unchanged.
    """

    id: PointId
    payload: dict[str, Any]
    vectors: dict[str, Any] = field(default_factory=dict)


class Page(NamedTuple):
    """Records, and where the next page begins; None after the last."""

    records: list[Record]
    next: Cursor


class Source(Protocol):
    """Points that can be read more than once."""

    name: str

    def count(self) -> int:
        """How many records there are."""

    def page(self, cursor: Cursor, size: int) -> Page:
        """Up to `size` records from `cursor` on, always in the same order; there may be none before the last page."""

    def sample(self, size: int) -> list[Record]:
        """Up to `size` records, spread as far as the source allows."""
