"""Finds what was written to the source while it was copied, by comparing it with the copies in the target."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scripts.command import UsageError
from scripts.migrate.copy.pipeline import Pipeline
from scripts.migrate.qdrant.collection import Target
from scripts.migrate.sources.file import FileSource
from scripts.migrate.sources.interface import Cursor, PointId, Record, Source
from scripts.migrate.sources.qdrant import QdrantSource
from scripts.wording import first_few

MAX_PASSES = 5
_PAGE = 500


class Changes(NamedTuple):
    """What one pass found and mended."""

    written: int
    deleted: int


async def reconcile(pipeline: Pipeline, target: Target, copy: QdrantSource) -> Changes:
    """Pass over the source until a pass finds nothing, at most `MAX_PASSES` times.

    The target holds every payload, so no other record of what was copied is needed. A point is migrated again when its
    payload or another of its vectors differs from its copy, or it has none; a copy is deleted when its point is gone or
    was changed into one that fails.
    What is written behind a pass waits for the next, so what can be missed is what was written during the last.

    Args:
        target: what the pipeline writes to.
        copy: reads the target as the source is read.

    Raises:
        UsageError: rows of a file have the same id and differ, so that no copy can equal them all.
    """
    written = deleted = 0
    for number in range(MAX_PASSES):
        changes, last = await _write_changed(pipeline, target, copy)
        gone = await _delete_gone(pipeline, target, copy)
        written += changes.written
        deleted += changes.deleted + gone
        if not any(changes) and not gone:
            break
        if number and last is not None:
            await _refuse_repeated(pipeline, last)
    return Changes(written, deleted)


def differences(source: Source, copy: QdrantSource, cosine: Collection[str]) -> Changes:
    """Copies that a pass would write over, and those it would delete.

    Args:
        cosine: carried vectors of which only the direction counts.
    """
    written = deleted = 0
    cursor: Cursor = None
    while True:
        records, cursor = source.page(cursor, _PAGE)
        copies = copy.by_ids([record.id for record in records]) if records else []
        known = {one.id for one in copies}
        written += sum(record.id in known for record in changed(records, copies, cosine))
        if cursor is None:
            break
    while isinstance(source, QdrantSource):
        copies, cursor = copy.page(cursor, _PAGE)
        ids: list[PointId] = [one.id for one in copies]
        deleted += len(ids) - len(source.by_ids(ids)) if ids else 0
        if cursor is None:
            break
    return Changes(written, deleted)


def changed(records: Sequence[Record], copies: Sequence[Record], cosine: Collection[str]) -> list[Record]:
    """Records that have no copy or another one.

    Args:
        cosine: carried vectors of which only the direction counts.
    """
    by_id = {copy.id: copy for copy in copies}
    return [record for record in records if record.id not in by_id or not same(record, by_id[record.id], cosine)]


def same(record: Record, copy: Record, cosine: Collection[str]) -> bool:
    """Whether payload and carried vectors are equal, but for the rounding of normalizing vectors again.

    Qdrant may give vectors that are compared by cosine unit length, or may not, so only their direction is compared.
    """
    return (
        record.payload == copy.payload
        and record.vectors.keys() == copy.vectors.keys()
        and all(_close(vector, copy.vectors[name], name in cosine) for name, vector in record.vectors.items())
    )


async def _write_changed(pipeline: Pipeline, target: Target, copy: QdrantSource) -> tuple[Changes, Record | None]:
    """What was done, and the last record that was written."""
    cursor: Cursor = None
    count = deleted = 0
    last: Record | None = None
    while True:
        changes, newest, cursor = await _write_changed_of_page(pipeline, target, copy, cursor)
        count += changes.written
        deleted += changes.deleted
        last = newest or last
        if cursor is None:
            return Changes(count, deleted), last


async def _write_changed_of_page(
    pipeline: Pipeline, target: Target, copy: QdrantSource, cursor: Cursor
) -> tuple[Changes, Record | None, Cursor]:
    """What was done, the last record that was written, and where the next page begins.

    A function of its own, so that a page is let go before the next one is read.
    """
    records, following = await pipeline.call(pipeline.source.page, cursor, _PAGE)
    copies = await pipeline.call(copy.by_ids, [record.id for record in records]) if records else []
    known = {one.id for one in copies}
    new = [
        one
        for one in changed(records, copies, target.layout.cosine)
        if one.id in known or one.id not in pipeline.failures or pipeline.template.render(one.payload)
    ]
    count = deleted = 0
    last: Record | None = None
    for start in range(0, len(new), pipeline.batch_size):
        batch = new[start : start + pipeline.batch_size]
        written, failed = await pipeline.migrate(batch)
        count += written
        if written:
            last = next((one for one in batch if one.id not in pipeline.failures), batch[0])
        stale = [one.id for one in batch if one.id in known and one.id in pipeline.failures] if failed else []
        if stale:
            await pipeline.call(target.delete, stale)
            deleted += len(stale)
    return Changes(count, deleted), last, following


async def _refuse_repeated(pipeline: Pipeline, written: Record) -> None:
    """A file at rest gives nothing to write after the first pass but rows that overwrite each other."""
    source = pipeline.source
    if not isinstance(source, FileSource):
        return
    locations = await pipeline.call(source.locations, written.id)
    if len(locations) > 1:
        raise UsageError(
            f"Different rows of {source.name} have the id {written.payload[source.id_field]!r}: "
            f"{first_few(locations, 3)}; leave one row of each id, then run the same command again."
        )


async def _delete_gone(pipeline: Pipeline, target: Target, copy: QdrantSource) -> int:
    """Files and Firestore are not asked: what they no longer have may have come from elsewhere."""
    if not isinstance(pipeline.source, QdrantSource):
        return 0
    cursor: Cursor = None
    count = 0
    while True:
        copies, cursor = await pipeline.call(copy.page, cursor, _PAGE)
        ids: list[PointId] = [record.id for record in copies]
        there = {record.id for record in await pipeline.call(pipeline.source.by_ids, ids)} if ids else set()
        gone = [point_id for point_id in ids if point_id not in there]
        if gone:
            await pipeline.call(target.delete, gone)
            count += len(gone)
        if cursor is None:
            return count


def _close(one: Any, other: Any, by_direction: bool) -> bool:
    if hasattr(one, "indices"):
        return bool(one.indices == other.indices and np.allclose(one.values, other.values, atol=1e-6))
    left, right = np.asarray(one), np.asarray(other)
    if by_direction:
        left, right = _unit(left), _unit(right)
    return left.shape == right.shape and bool(np.allclose(left, right, atol=1e-6))


def _unit(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows [..., dimension] at unit length; those of zeros stay."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)
