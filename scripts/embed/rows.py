"""The rows of a file as records that the migration's pipeline takes: numbered, and the same for the whole run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.command import UsageError, reason
from scripts.migrate.sources.csv import CSVSource
from scripts.migrate.sources.file import FileSource
from scripts.migrate.sources.interface import Cursor, Page, Record
from scripts.migrate.sources.jsonl import JsonLinesSource
from scripts.migrate.sources.parquet import ParquetSource
from scripts.migrate.sources.rows import plain

_PAGE = 1000
_KINDS: dict[str, type[FileSource]] = {".jsonl": JsonLinesSource, ".csv": CSVSource, ".parquet": ParquetSource}


class Rows:
    """Rows of a file that must stay as it is; a record's id is its row's number, from 0.

    Attributes:
        stamp: size and time of change, by which another file is known.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self.stamp = self._stamp()
        self._file = _KINDS[path.suffix](path, "", None)

    def page(self, cursor: Cursor, size: int) -> Page:
        """Rows from a cursor on, which is the next row's number and its position in the file."""
        number, position = map(int, str(cursor or "0@0").split("@"))
        rows, following = self._read(position, size)
        records = [Record(number + index, plain(row)) for index, (row, _) in enumerate(rows)]
        return Page(records, None if following is None else f"{number + len(rows)}@{following}")

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """All rows as the file has them, a thousand at a time."""
        position: int | None = 0
        while position is not None:
            rows, position = self._read(position, _PAGE)
            if rows:
                yield [row for row, _ in rows]

    def count(self) -> int:
        """How many rows there are; reads the file."""
        return sum(map(len, self.pages()))

    def sample(self, size: int) -> list[Record]:
        """The first rows."""
        return self.page(None, size).records

    def _read(self, position: int, size: int) -> tuple[list[tuple[dict[str, Any], int]], int | None]:
        """Rows with the positions after them, and where the next are.

        Raises:
            UsageError: they cannot be read, or the file is another one by now.
        """
        try:
            return self._file.rows(position, size)
        except OSError as error:
            raise UsageError(f"{self.name} cannot be read: {reason(error)}.") from error
        finally:  # a change is the better reason of an error that it causes
            if self._stamp() != self.stamp:
                raise UsageError(
                    f"{self.name} was changed while it was read, so rows and vectors would not belong together: run it "
                    "again with --restart when nothing writes to it."
                )

    def _stamp(self) -> list[int]:
        try:
            found = self._path.stat()
        except OSError as error:
            raise UsageError(f"{self.name} cannot be read: {error.strerror}.") from error
        return [found.st_size, found.st_mtime_ns]
