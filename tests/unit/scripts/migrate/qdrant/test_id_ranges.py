"""Ranges hold every point once, whatever the ids are."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient, models

from scripts.migrate.qdrant.id_ranges import starts
from scripts.migrate.sources.interface import Cursor, PointId
from scripts.migrate.sources.qdrant import QdrantSource

pytestmark = pytest.mark.tools

IDS = st.one_of(st.integers(0, 300), st.integers(0, 2**64 - 1), st.uuids().map(str))


@settings(max_examples=60)
@given(ids=st.sets(IDS, max_size=40), shards=st.integers(1, 9), size=st.integers(1, 7))
def test_every_id_is_in_one_range(ids: set[PointId], shards: int, size: int) -> None:
    client = QdrantClient(":memory:")
    client.create_collection("c", vectors_config={})
    if ids:
        client.upsert("c", [models.PointStruct(id=point_id, vector={}, payload={}) for point_id in ids])
    first = starts(client, "c", shards)
    found: list[PointId] = []
    for start, end in zip(first, [*first[1:], None], strict=True):
        source = QdrantSource(client, "c", end=end)
        cursor: Cursor = start
        while True:
            records, cursor = source.page(cursor, size)
            found += [record.id for record in records]
            if cursor is None:
                break
    assert sorted(map(str, found)) == sorted(map(str, ids))


def test_uuids_are_divided_evenly() -> None:
    client = QdrantClient(":memory:")
    client.create_collection("c", vectors_config={})
    client.upsert("c", [models.PointStruct(id=str(uuid.UUID(int=5)), vector={}, payload={})])
    assert starts(client, "c", 4) == [None, *(str(uuid.UUID(int=2**126 * part)) for part in (1, 2, 3))]
