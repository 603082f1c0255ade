"""Rows of a Parquet file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scripts.command import UsageError, reason
from scripts.migrate.sources.file import FileSource, refuse_repeated_columns

_ROWS_AT_ONCE = 1000
_LISTS = ((pa.types.is_list, pa.list_), (pa.types.is_large_list, pa.large_list))


class ParquetSource(FileSource):
    """A `.parquet` file; a cursor is a row's number. Row groups before it are not read."""

    def __init__(self, path: Path, id_field: str, only: tuple[str, str] | None) -> None:
        super().__init__(path, id_field, only)
        with self._readable():
            self._file = pq.ParquetFile(path)
        refuse_repeated_columns(self.name, self._file.schema_arrow.names)

    def count(self) -> int:
        """Rows; of one user, reads the file once."""
        return super().count() if self._only else self._file.metadata.num_rows

    def _rows(self, start: int) -> Iterator[tuple[dict[str, Any], int]]:
        before = 0
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            if before + rows > start:
                yield from self._rows_of(group, before, start)
            before += rows

    def _rows_of(self, group: int, first: int, start: int) -> Iterator[tuple[dict[str, Any], int]]:
        number = first
        batches = self._file.iter_batches(_ROWS_AT_ONCE, row_groups=[group])
        while (batch := self._next(batches)) is not None:
            if number + batch.num_rows <= start:
                number += batch.num_rows
                continue
            for row in self._as_python(batch, number):
                number += 1
                if number > start:
                    yield row, number

    def _as_python(self, batch: pa.RecordBatch, before: int) -> list[dict[str, Any]]:
        """Rows of a batch, of which `before` come before it."""
        schema = pa.schema([field.with_type(_in_microseconds(field.type)) for field in batch.schema])
        try:
            return list(batch.cast(schema, safe=False).to_pylist())
        except (ValueError, OverflowError, ArithmeticError) as error:
            raise UsageError(
                f"Rows {before + 1} to {before + batch.num_rows} of {self.name} hold a value that cannot be read, in "
                f"{_unreadable(batch)} ({error}): store it as text."
            ) from error

    def _next(self, batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
        with self._readable():
            return next(batches, None)

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """A block in which the file is read.

        Raises:
            UsageError: it is damaged, or not a Parquet file.
        """
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise UsageError(f"{self.name} cannot be read: {reason(error)}.") from error

    def location(self, following: int) -> str:
        """The row's number."""
        return f"row {following}"


def _in_microseconds(kind: pa.DataType) -> pa.DataType:
    """A type whose times have no nanoseconds, which Python's do not have."""
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        return pa.timestamp("us", kind.tz)
    if pa.types.is_duration(kind) and kind.unit == "ns":
        return pa.duration("us")
    if pa.types.is_time64(kind):
        return pa.time64("us")
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_in_microseconds(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_in_microseconds(kind.key_type), _in_microseconds(kind.item_type))
    for is_list, list_of in _LISTS:
        if is_list(kind):
            return list_of(kind.value_field.with_type(_in_microseconds(kind.value_type)))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(kind.value_field.with_type(_in_microseconds(kind.value_type)), kind.list_size)
    return kind


def _unreadable(batch: pa.RecordBatch) -> str:
    """The columns that Python cannot hold."""
    names = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.to_pylist()
        except (ValueError, OverflowError, ArithmeticError):
            names.append(repr(name))
    return ", ".join(names)
