"""Files of rows, the command, and what it wrote."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from typer.testing import CliRunner

from scripts.embed.cli import app
from tests.http.server import ROOT
from tests.migration.parts import contact


def rows(count: int) -> list[dict[str, Any]]:
    """Rows whose texts all differ, for up to 10,000 of them."""
    found = []
    for number in range(count):
        person = contact(number)
        found.append({"id": number, "text": f"{person['name']} {person['title']} at {person['company']}"})
    return found


def write(path: Path, content: list[dict[str, Any]]) -> Path:
    """A file of these rows, in the form that its name ends with."""
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in content))
        case ".csv":
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(content[0]))
                writer.writeheader()
                writer.writerows(content)
        case _:
            pq.write_table(pa.Table.from_pylist(content), path, row_group_size=37)
    return path


def read(path: Path, column: str = "embedding") -> NDArray[Any]:
    """Vectors [rows, dimension] of a file that the command wrote, none of them null."""
    match path.suffix:
        case ".npy":
            found: NDArray[Any] = np.load(path)
            return found
        case ".jsonl":
            return np.array([json.loads(line)[column] for line in path.read_text().splitlines()], np.float32)
        case _:
            return np.array(pq.read_table(path)[column].to_pylist(), np.float32)


class Embedding:
    """The command with its connection."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    def __call__(self, *arguments: object, code: int = 0) -> str:
        """Run it to its end in this process; what it said. Fails when the exit code is another than `code`."""
        done = CliRunner().invoke(app, [f"--embed-url={self.url}", *map(str, arguments)])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return " ".join(done.output.split())

    def start(self, *arguments: object) -> subprocess.Popen[bytes]:
        """Start it; the caller waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "scripts", "embed", f"--embed-url={self.url}", *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
