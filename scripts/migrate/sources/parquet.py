"""Rows of a Parquet file."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

from scripts.migrate.sources.interface import Cursor, Page, PointId, Record
from scripts.migrate.sources.rows import matches, plain, record

_ROWS_AT_ONCE = 1000


class ParquetSource:
    """A `.parquet` file; a cursor is a row's number. Row groups before it are not read."""

    def __init__(self, path: Path, id_field: str, only: tuple[str, str] | None) -> None:
        self.name = str(path)
        self._file = pq.ParquetFile(path)
        self._id_field = id_field
        self._only = only

    def count(self) -> int:
        """Rows; of one user, reads the file once."""
        return sum(1 for _ in self._rows(0)) if self._only else self._file.metadata.num_rows

    def page(self, cursor: Cursor, size: int) -> Page:
        """Rows from a number on."""
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
        """Rows and the number after each."""
        before = 0
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            if before + rows > start:
                yield from self._rows_of(group, before, start)
            before += rows

    def _rows_of(self, group: int, first: int, start: int) -> Iterator[tuple[Record, int]]:
        number = first
        for batch in self._file.iter_batches(_ROWS_AT_ONCE, row_groups=[group]):
            if number + batch.num_rows <= start:
                number += batch.num_rows
                continue
            for row in batch.to_pylist():
                number += 1
                if number > start and matches(row, self._only):
                    place = f"Row {number} of {self.name}"
                    yield record(plain(row), self._id_field, place), number
