"""What a run is asked to do, and the files that it is done with."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scripts.command import UsageError

INPUTS = (".jsonl", ".csv", ".parquet")


class Format(StrEnum):
    """Format of the file that is written."""

    PARQUET = "parquet"
    JSONL = "jsonl"
    NPY = "npy"


class EmbeddingType(StrEnum):
    """Type of the values that are written, as the service's `/v2/embed` has them."""

    FLOAT = "float"
    INT8 = "int8"
    UINT8 = "uint8"
    BINARY = "binary"
    UBINARY = "ubinary"


@dataclass(frozen=True)
class Job:
    """How files are embedded.

    Attributes:
        template: makes the text of a row.
        input_type: `passage` or `query`.
        dimensions: number of leading dimensions that are kept; 0 keeps all.
        vector_column: name of the vector in a row that is written.
        restart: whether to discard what an earlier run has done.
    """

    url: str
    key: str
    template: str
    input_type: str
    dimensions: int
    embedding_type: EmbeddingType
    vector_column: str
    batch_size: int
    concurrency: int
    patience_seconds: float
    restart: bool


@dataclass(frozen=True)
class Task:
    """One file and what becomes of it."""

    source: Path
    output: Path
    format: Format

    @property
    def partial(self) -> Path:
        """Folder of a run that has not ended."""
        return self.output.with_name(f"{self.output.name}.partial")

    @property
    def failures(self) -> Path:
        """File of the rows that were not embedded."""
        return self.output.with_name(f"{self.output.name}.failures.jsonl")


def tasks(source: Path, output: Path | None, wanted: Format | None) -> list[Task]:
    """The file's task, or those of a folder's files, in the order of their names.

    Args:
        output: a file, or for a folder a folder; unset, beside the source with `.embedded` in the name.
        wanted: unset, what the output's name ends with, else Parquet.

    Raises:
        UsageError: there is nothing to embed, two files would become one, or the output's name ends with another
            format than the one wanted.
    """
    if source.is_dir():
        files = sorted(file for file in source.iterdir() if file.suffix in INPUTS)
        if not files:
            raise UsageError(f"{source} holds no file that ends with {', '.join(INPUTS)}.")
        folder = output or source.with_name(f"{source.name}.embedded")
        chosen = wanted or Format.PARQUET
        found = [Task(file, folder / f"{file.stem}.{chosen}", chosen) for file in files]
        names = [task.output for task in found]
        if twice := [task.source for task in found if names.count(task.output) > 1]:
            raise UsageError(f"{' and '.join(map(str, twice))} would become one file: rename one.")
        return found
    if source.suffix not in INPUTS or not source.is_file():
        raise UsageError(f"{source} is neither a file that ends with {', '.join(INPUTS)}, nor a folder of such files.")
    if output is None:
        chosen = wanted or Format.PARQUET
        return [Task(source, source.with_suffix(f".embedded.{chosen}"), chosen)]
    ends = output.suffix.removeprefix(".")
    if wanted is None and ends not in list(Format):
        raise UsageError(f"{output} does not end with .parquet, .jsonl or .npy: name the format with --format.")
    if wanted and ends in list(Format) and ends != wanted:
        raise UsageError(f"{output} ends with .{ends}, and --format says {wanted}: leave --format out, or rename it.")
    return [Task(source, output, wanted or Format(ends))]
