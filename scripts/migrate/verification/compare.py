"""Compares the target with its source."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from qdrant_client import QdrantClient

from scripts.migrate.context import MigrationContext
from scripts.migrate.copy.reconcile import changed
from scripts.migrate.sources.interface import Cursor, PointId, Record
from scripts.wording import counted, first_few

NEIGHBOURS = 10
_PAGE = 1000
_QUERIES = 50
_SAMPLES = 5
_NORM_TOLERANCE = 1e-3
MIN_COSINE = 0.99
"""Between a stored vector and the same text embedded again; int8 and other texts of a batch change the last digits."""


@dataclass(frozen=True)
class NeighbourSample:
    """A point's nearest neighbours, by their texts, in the old and in the new collection."""

    text: str
    old: list[str]
    new: list[str]


@dataclass
class Verification:
    """What was found.

    Attributes:
        points: number of points of the source and of the target.
        problems: sentences; empty when the target is right.
        norms: lengths of the sample's vectors.
        cosines: of the sample's vectors to the same texts embedded now.
        overlaps: share of the nearest neighbours that old and new collection have in common, one per query. Two models
            differ, so it informs and does not decide.
    """

    points: tuple[int, int] = (0, 0)
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    cosines: list[float] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)
    neighbours: list[NeighbourSample] = field(default_factory=list)


async def verify(context: MigrationContext) -> Verification:
    """Ids of all points; payload, other vectors, dimension, norm and meaning of a sample; neighbours of queries."""
    found = Verification(failed=len(context.failures))
    client, target = context.storage.client, context.target.name
    if not client.collection_exists(target):
        found.points = (context.source.count(), 0)
        found.problems.append(f"There is no collection {target}: migrate first.")
        return found
    _compare_ids(found, context)
    records = context.source.sample(context.settings.sample)
    random.Random(0).shuffle(records)
    copies = context.copies.by_ids([record.id for record in records])
    known = {copy.id for copy in copies}
    different = [record.id for record in changed(records, copies, context.target.layout.cosine) if record.id in known]
    if different:
        found.problems.append(
            f"Payload or other vectors differ in {len(different)} of {counted(len(copies), 'point')}: "
            f"{first_few(different)}."
        )
    kept = [record for record in records if record.id in known]
    await _check_vectors(found, context, kept)
    if context.collection is not None and not context.settings.in_place:
        _compare_neighbours(found, context, kept)
    return found


def _compare_ids(found: Verification, context: MigrationContext) -> None:
    """Every id of the source is in the target or among the failures, and the target has no other."""
    copy = context.copies
    missing: list[PointId] = []
    read = 0
    cursor: Cursor = None
    while True:
        records, cursor = context.source.page(cursor, _PAGE)
        ids = [record.id for record in records]
        there = {record.id for record in copy.by_ids(ids)} if ids else set()
        missing += [point_id for point_id in ids if point_id not in there and point_id not in context.failures]
        read += len(set(ids) & there)
        if cursor is None:
            break
    found.points = (context.source.count(), copy.count())
    if missing:
        found.problems.append(f"{counted(len(missing), 'point')} missing in the target: {first_few(missing)}.")
    if found.points[1] > read and context.collection is not None:
        found.problems.append(
            f"The target has {counted(found.points[1] - read, 'point')} that the source does not have."
        )


async def _check_vectors(found: Verification, context: MigrationContext, records: list[Record]) -> None:
    texts = {record.id: context.template.render(record.payload) for record in records}
    vectors = _vectors(context.storage.client, context.target.name, context.target.layout.new_vector, list(texts))
    size = context.target.layout.size
    for start in range(0, len(records), 100):
        part = [record.id for record in records[start : start + 100] if texts[record.id]]
        if not part:
            continue
        again = await context.embedder.embed([texts[point_id] for point_id in part], store=False)
        for point_id, wanted in zip(part, again.vectors, strict=True):
            vector = vectors.get(point_id)
            if vector is None or vector.shape != (size,):
                found.problems.append(f"Point {point_id} has no vector of {size} dimensions.")
                continue
            found.norms.append(float(np.linalg.norm(vector)))
            found.cosines.append(float(vector @ wanted / (found.norms[-1] or 1.0)))
    wrong = sum(abs(norm - 1) > _NORM_TOLERANCE for norm in found.norms)
    if wrong:
        found.problems.append(f"{wrong} of {counted(len(found.norms), 'vector')} without unit length.")
    foreign = sum(cosine < MIN_COSINE for cosine in found.cosines)
    if foreign:
        found.problems.append(f"{foreign} of {counted(len(found.cosines), 'vector')} not made from the points' texts.")


def _compare_neighbours(found: Verification, context: MigrationContext, records: list[Record]) -> None:
    client, layout = context.storage.client, context.target.layout
    sides = ((context.source.name, layout.vector), (context.target.name, layout.new_vector))
    for number, query in enumerate(islice(_with_old_vector(context, records), _QUERIES)):
        near = [
            client.query_points(
                name, query=query.id, using=vector or None, limit=NEIGHBOURS, with_payload=number < _SAMPLES
            ).points
            for name, vector in sides
        ]
        old, new = ({point.id for point in side} for side in near)
        if old:
            found.overlaps.append(len(old & new) / len(old))
        if number < _SAMPLES:
            old_texts, new_texts = (
                [context.template.render(point.payload or {}) for point in side[:5]] for side in near
            )
            found.neighbours.append(NeighbourSample(context.template.render(query.payload), old_texts, new_texts))


def _with_old_vector(context: MigrationContext, records: list[Record]) -> Iterator[Record]:
    """Records whose point in the source has the vector that is replaced: it may have only others, or no vector."""
    for start in range(0, len(records), _QUERIES):
        part = records[start : start + _QUERIES]
        vectors = _vectors(
            context.storage.client, context.source.name, context.target.layout.vector, [one.id for one in part]
        )
        yield from (one for one in part if one.id in vectors)


def _vectors(client: QdrantClient, collection: str, name: str, ids: list[PointId]) -> dict[PointId, Any]:
    """One vector of each point that has it: float32 `[dimension]`, by id."""
    vectors: dict[PointId, Any] = {}
    wanted: bool | list[str] = [name] if name else True
    for start in range(0, len(ids), _PAGE):
        for point in client.retrieve(collection, ids[start : start + _PAGE], with_payload=False, with_vectors=wanted):
            vector = point.vector.get(name) if isinstance(point.vector, dict) else point.vector
            if vector is not None:
                vectors[point.id if isinstance(point.id, int) else str(point.id)] = np.asarray(vector, np.float32)
    return vectors
