"""Puts rows and their vectors together in one file, page by page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.command import UsageError
from scripts.embed.rows import Rows
from scripts.embed.vectors import VectorFile
from scripts.migrate.copy.dead_letters import Failures
from scripts.migrate.sources.rows import plain

_PAGE = 1000


def write_jsonl(rows: Rows, vectors: VectorFile, failures: Failures, column: str, path: Path) -> None:
    """A JSON object a line: the row with its vector, which is null where it failed."""
    with path.open("w", encoding="utf-8") as file:
        first = 0
        for page in rows.pages():
            for number, (row, vector) in enumerate(zip(page, vectors.read(first, len(page)), strict=True), first):
                numbers = orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY).decode()
                file.write(f"{_opened(row)}{json.dumps(column)}: {'null' if number in failures else numbers}}}\n")
            first += len(page)


def write_parquet(source: Path, rows: Rows, vectors: VectorFile, failures: Failures, column: str, path: Path) -> None:
    """The row's columns with their types, and the vector, which is null where the row failed.

    Fields of JSON objects have no types: those whose values are of several are written as JSON.

    Raises:
        UsageError: Parquet cannot hold a value of a row.
    """
    kind = pa.list_(pa.from_numpy_dtype(vectors.dtype), vectors.width)
    try:
        schema, tables = _of_parquet(source) if source.suffix == ".parquet" else _of_rows(rows)
        with pq.ParquetWriter(path, schema.append(pa.field(column, kind))) as writer:
            first = 0
            for table in tables:
                failed = [number in failures for number in range(first, first + table.num_rows)]
                flat = pa.array(vectors.read(first, table.num_rows).ravel())
                array = pa.FixedSizeListArray.from_arrays(flat, type=kind, mask=pa.array(failed, pa.bool_()))
                writer.write_table(table.append_column(pa.field(column, kind), array))
                first += table.num_rows
    except (pa.ArrowException, UnicodeError) as error:
        raise UsageError(f"{source} cannot be written as Parquet, but as .jsonl ({error}).") from error


def _of_parquet(source: Path) -> tuple[pa.Schema, Iterator[pa.Table]]:
    file = pq.ParquetFile(source)
    batches = file.iter_batches(_PAGE)
    return file.schema_arrow, (pa.Table.from_batches([batch], file.schema_arrow) for batch in batches)


def _of_rows(rows: Rows) -> tuple[pa.Schema, Iterator[pa.Table]]:
    types = _types(rows)
    schema = pa.schema([pa.field(name, kind or pa.string()) for name, kind in types.items()])

    def tables() -> Iterator[pa.Table]:
        for page in rows.pages():
            columns = [_array([row.get(name) for row in page], kind) for name, kind in types.items()]
            # A table without columns would have no rows.
            yield pa.Table.from_arrays(columns, schema=schema)

    return schema, tables()


def _types(rows: Rows) -> dict[str, pa.DataType | None]:
    """A type for each field that takes all its values; None where they are written as JSON."""
    types: dict[str, pa.DataType | None] = {}
    for page in rows.pages():
        for name in {name: None for row in page for name in row}:
            types[name] = _common(types.get(name, pa.null()), [row.get(name) for row in page])
    for page in rows.pages():  # a type that became wider may take less: a whole number that is not a float
        for name, kind in types.items():
            try:
                _array([row.get(name) for row in page], kind)
            except (pa.ArrowException, UnicodeError, OverflowError):
                types[name] = None
    return types


def _common(kind: pa.DataType | None, values: list[Any]) -> pa.DataType | None:
    """A type for these values and all of `kind`; None if there is no such type."""
    if kind is None:
        return None
    try:
        schemas = [pa.schema([("", one)]) for one in (kind, pa.array(values).type)]
        common = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except (pa.ArrowException, UnicodeError, OverflowError):
        return None
    return None if "struct<>" in str(common) else common  # Parquet has no objects without fields


def _array(values: list[Any], kind: pa.DataType | None) -> pa.Array:
    """A column; without a type each value as JSON."""
    if kind is None:
        return pa.array([None if value is None else json.dumps(value) for value in values], pa.string())
    return pa.array(values, kind)


def _opened(row: dict[str, Any]) -> str:
    """The row as JSON, without its last brace and ready for another field."""
    written = json.dumps(plain(row))
    return f"{written[:-1]}, " if row else "{"
