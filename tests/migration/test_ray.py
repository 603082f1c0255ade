"""The same migration on a real Ray cluster of this machine, with its workers in processes of their own."""

import uuid

import pytest
from qdrant_client import QdrantClient, models

from scripts.migrate.qdrant.checkpoint import Checkpoint
from tests.migration.parts import Migration, contact, points, seed

pytestmark = pytest.mark.tools


@pytest.mark.ray
def test_ray_migrates_every_range(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed(qdrant, alias, 200)
    named = [str(uuid.UUID(int=number * 2**120)) for number in range(50)]
    qdrant.upsert(old, [models.PointStruct(id=name, vector=[1.0] * 16, payload=contact(7)) for name in named])
    qdrant.set_payload(old, {"name": "", "title": "", "company": ""}, [3])
    assert migrate.start("--engine=ray", "--shards=6", "--batch-size=10").wait(240) == 1
    assert points(qdrant, migrate.target).keys() == {*range(200), *named} - {3}
    assert '"id": 3' in migrate.failures.read_text()
    migrate("verify")
    checkpoint = Checkpoint(qdrant, migrate.target)
    ranges = [checkpoint.progress(f"all, range {number}") for number in range(12)]
    assert all(one is not None and one.done for one in ranges)
    assert sum(one.points + one.failed for one in ranges if one) == 250


def test_a_folder_belongs_to_one_process(migrate: Migration, qdrant: QdrantClient, alias: str) -> None:
    seed(qdrant, alias, 3)
    for flags in (["--limit=1"], ["--limit=1", "--dry-run"]):
        assert "leave --engine out" in migrate("--engine=ray", *flags, code=2)
