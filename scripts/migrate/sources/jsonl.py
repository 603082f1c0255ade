"""One JSON object per line."""

import json
from collections.abc import Iterator
from typing import Any

from scripts.command import UsageError
from scripts.migrate.sources.file import FileSource


class JsonLinesSource(FileSource):
    """A `.jsonl` file; a cursor is an offset in bytes."""

    def _rows(self, start: int) -> Iterator[tuple[dict[str, Any], int]]:
        with self._path.open("rb") as file:
            file.seek(start)
            for line in iter(file.readline, b""):
                if not line.strip():
                    continue
                location = f"In {self.name} {self.location(file.tell())}"
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise UsageError(f"{location} is not JSON: {error}.") from error
                if not isinstance(row, dict):
                    raise UsageError(f"{location} is not a JSON object.")
                yield row, file.tell()

    def location(self, following: int) -> str:
        """The line, by its end."""
        return f"the line that ends at byte {following}"
