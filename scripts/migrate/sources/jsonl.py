"""One JSON object a line."""

import json
from collections.abc import Iterator

from scripts.migrate.errors import MigrateError
from scripts.migrate.sources.file import FileSource
from scripts.migrate.sources.interface import Record
from scripts.migrate.sources.rows import matches, plain, record


class JsonLinesSource(FileSource):
    """A `.jsonl` file; a cursor is an offset in bytes."""

    def _rows(self, start: int) -> Iterator[tuple[Record, int]]:
        with self._path.open("rb") as file:
            file.seek(start)
            for line in iter(file.readline, b""):
                if not line.strip():
                    continue
                place = f"In {self.name} {self._place(file.tell())}"
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise MigrateError(f"{place} is not JSON: {error}.") from error
                if not isinstance(row, dict):
                    raise MigrateError(f"{place} is not a JSON object.")
                if matches(row, self._only):
                    yield record(plain(row), self.id_field, place), file.tell()

    def _place(self, following: int) -> str:
        return f"the line that ends at byte {following}"
