"""Rows of a Parquet file."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from scripts.migrate.sources.file import FileSource
from scripts.migrate.sources.interface import Record
from scripts.migrate.sources.rows import matches, plain, record

_ROWS_AT_ONCE = 1000


class ParquetSource(FileSource):
    """A `.parquet` file; a cursor is a row's number. Row groups before it are not read."""

    def __init__(self, path: Path, id_field: str, only: tuple[str, str] | None) -> None:
        super().__init__(path, id_field, only)
        self._file = pq.ParquetFile(path)

    def count(self) -> int:
        """Rows; of one user, reads the file once."""
        return super().count() if self._only else self._file.metadata.num_rows

    def _rows(self, start: int) -> Iterator[tuple[Record, int]]:
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
                    place = f"In {self.name} {self._place(number)}"
                    yield record(plain(row), self.id_field, place), number

    def _place(self, following: int) -> str:
        return f"row {following}"
