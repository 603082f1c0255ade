"""What a file of rows is as a source, whatever its format."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from scripts.command import UsageError
from scripts.migrate.sources.interface import Cursor, Page, PointId, Record
from scripts.migrate.sources.rows import matches, plain, record


class FileSource(ABC):
    """Rows of a file, in its order; a cursor is a position in it.

    Args:
        path: path of the file.
        id_field: field of a row that becomes the point's id.
        only: a field and its value; rows that differ are left out. None takes all.
    """

    def __init__(self, path: Path, id_field: str, only: tuple[str, str] | None) -> None:
        self.name = str(path)
        self._path = path
        self.id_field = id_field
        self._only = only
        self._reader: tuple[int, Iterator[tuple[dict[str, Any], int]]] | None = None

    def count(self) -> int:
        """Rows; reads the file once."""
        return sum(1 for _ in self._matching(0))

    def page(self, cursor: Cursor, size: int) -> Page:
        """Rows from a position on."""
        rows, following = self.rows(int(cursor or 0), size)
        return Page(
            [record(plain(row), self.id_field, f"In {self.name} {self.location(after)}") for row, after in rows],
            following,
        )

    def rows(self, start: int, size: int) -> tuple[list[tuple[dict[str, Any], int]], int | None]:
        """Rows as the file has them from a position on, with the position after each; where to go on, None at the end.

        A reader stays open between calls, as a format may have to be read from its beginning to find a position.
        """
        reached, reader = self._reader or (0, self._matching(0))
        self._reader = None
        if reached != start:
            reader = self._matching(start)
        rows = list(islice(reader, size))
        if len(rows) < size:
            return rows, None
        following = rows[-1][1]
        self._reader = (following, reader)
        return rows, following

    def locations(self, point_id: PointId) -> list[str]:
        """Where the rows with an id are, in words; reads the file once."""
        found = []
        for row, after in self._matching(0):
            location = self.location(after)
            if record(plain(row), self.id_field, f"In {self.name} {location}").id == point_id:
                found.append(location)
        return found

    def sample(self, size: int) -> list[Record]:
        """The first rows."""
        return self.page(0, size).records

    def _matching(self, start: int) -> Iterator[tuple[dict[str, Any], int]]:
        return ((row, after) for row, after in self._rows(start) if matches(row, self._only))

    @abstractmethod
    def _rows(self, start: int) -> Iterator[tuple[dict[str, Any], int]]:
        """All rows from a position on, and the position after each."""

    @abstractmethod
    def location(self, following: int) -> str:
        """Where a row is, in words, by the position after it."""


def refuse_repeated_columns(name: str, columns: Sequence[str]) -> None:
    """Refuse a table of which a row could not have the values of all columns.

    Raises:
        UsageError: two columns have the same name.
    """
    if twice := sorted({column for column in columns if columns.count(column) > 1}):
        raise UsageError(f"{name} has the column {twice[0]!r} twice: rename one.")
