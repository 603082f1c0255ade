"""Collections as people have them: with points that lack a vector, datatypes and sizes of all kinds."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from scripts.migrate.qdrant.collection import TOO_LARGE
from tests.migration.parts import TWO, Migration, contact, point_alias, points, seed, seed_named, vector_params

pytestmark = pytest.mark.tools

COSINE = models.Distance.COSINE


def test_points_without_the_vector_are_counted_and_get_one(
    qdrant: QdrantClient, migrate: Migration, alias: str
) -> None:
    vectors: list[dict[str, Any]] = [{"dense": [number, 1.0]} for number in range(1, 9)]
    vectors[2:2] = [{"image": [1.0, 2.0]}, {"image": [2.0, 1.0]}, {}]
    seed_named(qdrant, alias, vectors, dense=TWO, image=TWO)
    plan = migrate("--vector=dense", "--dry-run")
    assert "3 points without the vector that is replaced" in plan
    migrate("--vector=dense")
    said = migrate("--vector=dense", "verify")
    assert "nearest neighbours" in said
    migrate("--vector=dense", "switch")
    found: dict[Any, Any] = {key: point.vector for key, point in points(qdrant, alias).items()}
    assert all(len(vector["dense"]) == 384 for vector in found.values())
    assert [key for key, vector in found.items() if "image" in vector] == [2, 3]


@pytest.mark.parametrize("lacking", [{}, {"image": [1.0, 2.0]}], ids=["no vector", "another vector"])
def test_no_point_has_the_vector_yet(
    qdrant: QdrantClient, migrate: Migration, alias: str, lacking: dict[str, Any]
) -> None:
    seed_named(qdrant, alias, [lacking] * 5, dense=TWO, image=TWO)
    assert "5 points without" in migrate("--vector=dense", "--dry-run")
    migrate("--vector=dense")
    assert "nearest neighbours" not in migrate("--vector=dense", "verify")
    migrate("--vector=dense", "switch")


def test_points_without_the_vector_in_a_folder(tmp_path: Path, migrate: Migration) -> None:
    folder = tmp_path / "qdrant"
    client = QdrantClient(path=str(folder))
    seed_named(client, "people", [{"dense": [1.0, 2.0]}, {"image": [1.0, 2.0]}, {}], dense=TWO, image=TWO)
    client.close()
    migrate.variables |= {"QDRANT_URL": str(folder), "MIGRATE_ALIAS": "people", "MIGRATE_VECTOR": "dense"}
    assert "2 points without" in migrate("--dry-run")
    migrate()
    migrate("switch")


@pytest.mark.parametrize(
    ("old", "flags", "new"),
    [
        (models.Datatype.UINT8, [], None),
        (models.Datatype.UINT8, ["--datatype=float16"], models.Datatype.FLOAT16),
        (models.Datatype.FLOAT16, [], models.Datatype.FLOAT16),
        (models.Datatype.FLOAT16, ["--datatype=float32"], models.Datatype.FLOAT32),
        (models.Datatype.TURBO8, [], models.Datatype.TURBO8),
        (None, ["--datatype=float16"], models.Datatype.FLOAT16),
    ],
)
def test_datatype_of_the_new_vector(
    qdrant: QdrantClient,
    migrate: Migration,
    alias: str,
    old: models.Datatype | None,
    flags: list[str],
    new: models.Datatype | None,
) -> None:
    size = models.VectorParams(size=16, distance=COSINE, datatype=old)
    seed(qdrant, alias, 20, vectors=size)
    assert f"cosine, {(new or models.Datatype.FLOAT32).value}" in migrate(*flags, "--dry-run")
    migrate(*flags)
    migrate(*flags, "switch")
    assert vector_params(qdrant, alias).datatype == new


def test_other_vectors_keep_their_datatype_and_values(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    bytes_of = models.VectorParams(size=2, distance=COSINE, datatype=models.Datatype.UINT8)
    half = models.VectorParams(size=2, distance=COSINE, datatype=models.Datatype.FLOAT16)
    vectors = [{"text": [1, 2], "image": [number, 255], "sound": [0.1 * number, 3.0]} for number in range(9)]
    seed_named(qdrant, alias, vectors, text=bytes_of, image=bytes_of, sound=half)
    assert "Final pass: 0 points written" in migrate("--vector=text")
    migrate("--vector=text", "switch")
    assert [vector_params(qdrant, alias, name).datatype for name in ("text", "image")] == [None, models.Datatype.UINT8]
    found: Any = points(qdrant, alias)[7].vector
    assert found["image"] == [7.0, 255.0]


def test_whole_numbers_are_not_replaced_in_place(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    size = models.VectorParams(size=384, distance=COSINE, datatype=models.Datatype.UINT8)
    qdrant.create_collection(alias, vectors_config=size)
    qdrant.upsert(alias, [models.PointStruct(id=1, vector=[7] * 384, payload=contact(1))])
    for flags in (["--in-place"], ["--in-place", "--dry-run"]):
        assert "as uint8" in migrate(*flags, code=2)
    assert points(qdrant, alias)[1].vector == [7.0] * 384


def test_another_datatype_is_not_mixed_in(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 3)
    migrate("--datatype=float16")
    assert "float16, not of 384 dimensions, Cosine, float32" in " ".join(migrate("verify", code=2).split())
    assert "for a new collection" in migrate("--in-place", "--datatype=float16", "--dry-run", code=2)


def test_points_with_large_payloads(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    """A hundred points are more than the 32 MiB that a server takes in a request."""
    old = f"{alias}-old"
    qdrant.create_collection(old, vectors_config=TWO)
    for number in range(100):
        payload = contact(number) | {"body": "x" * 400_000}
        qdrant.upsert(old, [models.PointStruct(id=number, vector=[1.0, 2.0], payload=payload)])
    point_alias(qdrant, alias, old)
    migrate("--sample=10")
    assert qdrant.count(migrate.target).count == 100


@pytest.mark.parametrize(("limit", "too_large"), [(40_000, []), (20_000, [7])], ids=["all fit", "one does not"])
def test_a_proxy_that_takes_less(
    qdrant: QdrantClient, qdrant_url: str, migrate: Migration, alias: str, limit: int, too_large: list[int]
) -> None:
    old = seed(qdrant, alias, 60)
    qdrant.set_payload(old, {"body": "x" * 30_000}, [7])
    httpx.put(f"{qdrant_url}/_proxy_limit", json=limit, trust_env=False).raise_for_status()
    try:
        migrate(code=1 if too_large else 0)
    finally:
        httpx.put(f"{qdrant_url}/_proxy_limit", json=0, trust_env=False)
    assert qdrant.count(migrate.target).count == 60 - len(too_large)
    if too_large:
        failure = json.loads(migrate.failures.read_text())
        assert failure == {"id": 7, "reason": TOO_LARGE}
        migrate("--retry-failed")
    migrate("verify")


def test_carried_vectors_that_a_folder_keeps_as_they_came(tmp_path: Path, migrate: Migration) -> None:
    """The embedded engine gives vectors unit length in memory, and has them on disk as they were written."""
    folder = tmp_path / "qdrant"
    client = QdrantClient(path=str(folder))
    vectors = [{"text": [1.0, 2.0], "image": [3.0 * number, 4.0]} for number in range(20)]
    vectors[0]["image"] = [0.0, 0.0]
    seed_named(client, "people", vectors, text=TWO, image=TWO)
    client.close()
    migrate.variables |= {"QDRANT_URL": str(folder), "MIGRATE_ALIAS": "people", "MIGRATE_VECTOR": "text"}
    migrate("--limit=10", "--batch-size=5")
    assert "Final pass: 0 points written" in migrate()
    assert "Final pass: 0 points written" in migrate("switch")
