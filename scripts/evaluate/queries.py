"""Queries of which is known what they should find: from a file, or made of the collection itself."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scripts.command import UsageError
from scripts.migrate.client.embed_client import NOT_UTF8
from scripts.migrate.copy.template import Template
from scripts.migrate.sources.interface import PointId, Record
from scripts.migrate.sources.rows import point_id
from scripts.wording import counted, first_few

_SHOWN = 3


@dataclass(frozen=True)
class Query:
    """A judged query.

    Attributes:
        relevant: points that it should find; never empty.
        vector: made by the old model, where it is given.
    """

    text: str
    relevant: frozenset[PointId]
    vector: tuple[float, ...] | None = None


@dataclass
class Judged:
    """Queries that can be asked, and in words what had to be left out.

    Attributes:
        written: judged ids as the file has them, by the point's.
    """

    queries: list[Query]
    notes: list[str] = field(default_factory=list)
    written: dict[PointId, Any] = field(default_factory=dict)


def from_file(path: Path) -> Judged:
    """Queries of a file of JSON lines: `{"query": "…", "relevant": [ids], "vector": [the old model's values]}`.

    Raises:
        UsageError: the file cannot be read, or a line is malformed.
    """
    queries, blank, unjudged, broken = [], 0, 0, 0
    written: dict[PointId, Any] = {}
    for where, row in _lines(path):
        text, ids, vector = row.get("query"), row.get("relevant"), row.get("vector")
        if not isinstance(text, str) or not isinstance(ids, list) or not _is_vector(vector):
            raise UsageError(f'{where} is not of the form {{"query": "…", "relevant": [ids], "vector": [values]}}.')
        if not text.strip():
            blank += 1
        elif not ids:
            unjudged += 1
        elif any("\ud800" <= character <= "\udfff" for character in text):
            broken += 1
        else:
            judged = {point_id(one): one for one in ids}
            written |= judged
            queries.append(Query(text, frozenset(judged), None if vector is None else tuple(vector)))
    notes = [
        f"{counted(count, 'query', 'queries')} left out: {why}."
        for count, why in ((blank, "without a text"), (unjudged, "without a relevant id"), (broken, NOT_UTF8))
        if count
    ]
    return Judged(queries, notes, written)


def from_records(records: Sequence[Record], query: Template, limit: int) -> Judged:
    """A query of each record, which should find the record itself, and all others with the same query."""
    by_text: dict[str, set[PointId]] = {}
    empty = 0
    for record in records:
        text = query.render(record.payload)
        if text:
            by_text.setdefault(text, set()).add(record.id)
        else:
            empty += 1
    queries = [Query(text, frozenset(ids)) for text, ids in by_text.items()][:limit]
    return Judged(queries, [f"{counted(empty, 'point')} left out: they have no query."] if empty else [])


def without_unknown(judged: Judged, known: Callable[[Sequence[PointId]], Collection[PointId]]) -> Judged:
    """The queries without judged ids that do not exist, and those that have none left.

    Args:
        known: which of some ids exist.
    """
    ids = list({point: None for query in judged.queries for point in query.relevant})
    unknown = frozenset(ids) - frozenset(known(ids))
    if not unknown:
        return judged
    queries = [
        replace(query, relevant=query.relevant - unknown) for query in judged.queries if query.relevant - unknown
    ]
    shown = first_few(sorted(str(judged.written.get(one, one)) for one in unknown), _SHOWN)
    note = f"{counted(len(unknown), 'judged id')} not in the collection: {shown}"
    lost = len(judged.queries) - len(queries)
    left_out = f"; {counted(lost, 'query', 'queries')} without another left out." if lost else "."
    return Judged(queries, [*judged.notes, note + left_out], judged.written)


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The queries in {path} cannot be read: {error}.") from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"Line {number} of {path} is not JSON: {error}.") from None
            yield f"Line {number} of {path}", row if isinstance(row, dict) else {}


def _is_vector(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(number, int | float) for number in value))
