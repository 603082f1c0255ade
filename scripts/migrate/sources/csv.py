"""Rows of a CSV file."""

import csv
import sys
from collections.abc import Iterator
from typing import Any

from scripts.command import UsageError
from scripts.migrate.sources.file import FileSource, refuse_repeated_columns


class CSVSource(FileSource):
    """A `.csv` file in UTF-8 whose first row names the columns; a cursor is a row's number. All values are text."""

    def _rows(self, start: int) -> Iterator[tuple[dict[str, Any], int]]:
        csv.field_size_limit(sys.maxsize)
        number = 0
        with self._path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                columns = next(reader, [])
                refuse_repeated_columns(self.name, columns)
                for number, values in enumerate(filter(None, reader), start=1):
                    if len(values) != len(columns):
                        raise UsageError(
                            f"{self.name} has {len(columns)} columns, and {len(values)} in {self.location(number)}."
                        )
                    if number > start:
                        yield dict(zip(columns, values, strict=True)), number
            except (csv.Error, UnicodeDecodeError) as error:
                raise UsageError(f"{self.name} cannot be read after {self.location(number)}: {error}.") from error

    def location(self, following: int) -> str:
        """The row's number; the header is not counted."""
        return f"row {following}"
