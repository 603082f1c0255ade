"""One JSON object per line."""

import json
from collections.abc import Iterator
from typing import IO, Any

from scripts.command import UsageError
from scripts.migrate.sources.file import FileSource

_MAX_DEPTH = 100  # of arrays and objects in each other: Qdrant's server reads no JSON of more than 128


class JsonLinesSource(FileSource):
    """A `.jsonl` file; a cursor is an offset in bytes."""

    def _rows(self, start: int) -> Iterator[tuple[dict[str, Any], int]]:
        with self._path.open("rb") as file:
            _seek(file, start)
            for line in iter(file.readline, b""):
                if line.strip():
                    yield _row(line, f"In {self.name} {self.location(file.tell())}"), file.tell()

    def location(self, following: int) -> str:
        """The line, by its end."""
        return f"the line that ends at byte {following}"


def _seek(file: IO[bytes], start: int) -> None:
    """Go to an offset or, of a file that was changed so that it lies within a line, behind that line.

    The final pass finds what is skipped so, as it compares every row with its copy.
    """
    if start:
        file.seek(start - 1)
        if file.read(1) != b"\n":
            file.readline()


def _row(line: bytes, location: str) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        UsageError: it holds something else.
    """
    try:
        row = json.loads(line)
        deep = line.count(b"[") + line.count(b"{") > _MAX_DEPTH and _is_deep(row)
    except ValueError as error:
        raise UsageError(f"{location} is not JSON: {error}.") from error
    except RecursionError:
        deep = True
    if deep:
        raise UsageError(f"{location} has more than {_MAX_DEPTH} arrays and objects in each other.")
    if not isinstance(row, dict):
        raise UsageError(f"{location} is not a JSON object.")
    return row


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_MAX_DEPTH):
        nested = [one for one in level if isinstance(one, dict | list)]
        level = [item for one in nested for item in (one.values() if isinstance(one, dict) else one)]
    return any(isinstance(one, dict | list) for one in level)
