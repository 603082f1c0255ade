"""What a file of rows is as a source, whatever its format."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from scripts.migrate.sources.interface import Cursor, Page, PointId, Record


class FileSource(ABC):
    """Rows of a file, in its order; a cursor is a place in it.

    Args:
        path: of the file.
        id_field: field of a row that becomes the point's id.
        only: a field and its value; rows that differ are left out. None takes all.
    """

    def __init__(self, path: Path, id_field: str, only: tuple[str, str] | None) -> None:
        self.name = str(path)
        self._path = path
        self.id_field = id_field
        self._only = only

    def count(self) -> int:
        """Rows; reads the file once."""
        return sum(1 for _ in self._rows(0))

    def page(self, cursor: Cursor, size: int) -> Page:
        """Rows from a place on."""
        rows = list(islice(self._rows(int(cursor or 0)), size))
        return Page([row for row, _ in rows], rows[-1][1] if len(rows) == size else None)

    def places(self, point_id: PointId) -> list[str]:
        """Where the rows of an id are, in words; reads the file once."""
        return [self._place(following) for row, following in self._rows(0) if row.id == point_id]

    def sample(self, size: int) -> list[Record]:
        """The first rows."""
        return self.page(0, size).records

    @abstractmethod
    def _rows(self, start: int) -> Iterator[tuple[Record, int]]:
        """Rows from a place on, and the place after each."""

    @abstractmethod
    def _place(self, following: int) -> str:
        """A row in words, by the place after it."""
