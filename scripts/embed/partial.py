"""What a run leaves behind until it has ended, so that the next goes on where it was stopped."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.command import UsageError
from scripts.embed.vectors import VectorFile
from scripts.migrate.qdrant.checkpoint import Progress

FILE = "file"
"""Name of the setting that tells a changed file from the one that a run was begun with."""


class Partial:
    """A folder with the vectors so far and a file that says how far they go.

    Args:
        settings: what must be the same when a run is resumed.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._folder = folder
        self._settings = settings
        self._state = folder / "progress.json"
        self.vectors = folder / "vectors.npy"
        self._open: VectorFile | None = None

    def load(self) -> Progress | None:
        """How far an earlier run has come; None if there was no such run.

        Raises:
            UsageError: it had other settings, or another file.
        """
        if not self._state.exists():
            return None
        state = json.loads(self._state.read_text())
        for name, value in self._settings.items():
            before = state["settings"].get(name)
            if before != value:
                how = "the file as it was before a change" if name == FILE else f"{name} {before!r}, not {value!r}"
                raise UsageError(f"{self._folder} was begun with {how}: go on with that, or say --restart.")
        return Progress(**state["progress"])

    @contextmanager
    def opened(self, vectors: VectorFile) -> Iterator[None]:
        """A block in which progress can be saved."""
        with vectors:
            self._open = vectors
            try:
                yield
            finally:
                self._open = None

    def save(self, progress: Progress) -> None:
        """Remember progress, once all vectors before it are on disk."""
        assert self._open is not None
        self._open.flush()
        text = json.dumps({"settings": self._settings, "progress": asdict(progress)})
        new = self._state.with_suffix(".new")
        with new.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._state)

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self._folder)


@contextmanager
def locked(folder: Path, *, restart: bool) -> Iterator[None]:
    """A block in which no other process writes to the folder, which is made.

    Args:
        restart: whether to delete what is in it first.

    Raises:
        UsageError: another process is writing to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # let go when the process ends, however it does
        if restart:
            clear(folder)
        yield
    except BlockingIOError as error:
        raise UsageError(f"Another process is writing to {folder}.") from error
    finally:
        os.close(descriptor)


def clear(folder: Path) -> None:
    """Delete what is in the folder."""
    for file in folder.iterdir():
        file.unlink()
