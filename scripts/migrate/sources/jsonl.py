"""One JSON object a line."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from scripts.migrate.errors import MigrateError
from scripts.migrate.sources.interface import Cursor, Page, PointId, Record
from scripts.migrate.sources.rows import matches, record


class JsonLinesSource:
    """A `.jsonl` file; a cursor is an offset in bytes."""

    def __init__(self, path: Path, id_field: str, only: tuple[str, str] | None) -> None:
        self.name = str(path)
        self._path = path
        self._id_field = id_field
        self._only = only

    def count(self) -> int:
        """Rows; reads the file once."""
        return sum(1 for _ in self._rows(0))

    def page(self, cursor: Cursor, size: int) -> Page:
        """Rows from a byte on."""
        rows = list(islice(self._rows(int(cursor or 0)), size))
        return Page([row for row, _ in rows], rows[-1][1] if len(rows) == size else None)

    def by_ids(self, ids: Sequence[PointId]) -> list[Record]:
        """Rows by id; reads the file once."""
        wanted = set(ids)
        return list({row.id: row for row, _ in self._rows(0) if row.id in wanted}.values())

    def sample(self, size: int) -> list[Record]:
        """The first rows."""
        return self.page(0, size).records

    def _rows(self, start: int) -> Iterator[tuple[Record, int]]:
        """Rows and the place after each."""
        with self._path.open("rb") as file:
            file.seek(start)
            for line in iter(file.readline, b""):
                if not line.strip():
                    continue
                place = f"The line of {self._path} that ends at byte {file.tell()}"
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise MigrateError(f"{place} is not JSON: {error}.") from error
                if not isinstance(row, dict):
                    raise MigrateError(f"{place} is not a JSON object.")
                if matches(row, self._only):
                    yield record(row, self._id_field, place), file.tell()
