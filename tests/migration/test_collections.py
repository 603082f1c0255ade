"""Collections as people have them: with points that lack a vector, types of numbers, sizes and names of all kinds."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models

from scripts.migrate.target import TOO_LARGE
from tests.migration.parts import Migration, contact, point_alias, points, seed

COSINE = models.Distance.COSINE
TWO = models.VectorParams(size=2, distance=COSINE)


def named(client: QdrantClient, alias: str, vectors: list[dict[str, Any]], **params: models.VectorParams) -> str:
    """A collection of named vectors behind an alias, a contact for each of `vectors`; its name."""
    old = f"{alias}-old"
    client.create_collection(old, vectors_config=params)
    client.upsert(
        old, [models.PointStruct(id=number, vector=one, payload=contact(number)) for number, one in enumerate(vectors)]
    )
    point_alias(client, alias, old)
    return old


def params(client: QdrantClient, collection: str, name: str = "") -> models.VectorParams:
    found = client.get_collection(collection).config.params.vectors
    vector = found[name] if isinstance(found, dict) else found
    assert isinstance(vector, models.VectorParams)
    return vector


def test_points_without_the_vector_are_counted_and_get_one(
    qdrant: QdrantClient, migrate: Migration, alias: str
) -> None:
    vectors: list[dict[str, Any]] = [{"dense": [number, 1.0]} for number in range(1, 9)]
    vectors[2:2] = [{"image": [1.0, 2.0]}, {"image": [2.0, 1.0]}, {}]
    named(qdrant, alias, vectors, dense=TWO, image=TWO)
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
    named(qdrant, alias, [lacking] * 5, dense=TWO, image=TWO)
    assert "5 points without" in migrate("--vector=dense", "--dry-run")
    migrate("--vector=dense")
    assert "nearest neighbours" not in migrate("--vector=dense", "verify")
    migrate("--vector=dense", "switch")


def test_points_without_the_vector_in_a_folder(tmp_path: Path, migrate: Migration) -> None:
    folder = tmp_path / "qdrant"
    client = QdrantClient(path=str(folder))
    named(client, "people", [{"dense": [1.0, 2.0]}, {"image": [1.0, 2.0]}, {}], dense=TWO, image=TWO)
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
    assert params(qdrant, alias).datatype == new


def test_other_vectors_keep_their_datatype_and_values(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    bytes_of = models.VectorParams(size=2, distance=COSINE, datatype=models.Datatype.UINT8)
    half = models.VectorParams(size=2, distance=COSINE, datatype=models.Datatype.FLOAT16)
    vectors = [{"text": [1, 2], "image": [number, 255], "sound": [0.1 * number, 3.0]} for number in range(9)]
    named(qdrant, alias, vectors, text=bytes_of, image=bytes_of, sound=half)
    assert "Final pass: 0 points written" in migrate("--vector=text")
    migrate("--vector=text", "switch")
    assert [params(qdrant, alias, name).datatype for name in ("text", "image")] == [None, models.Datatype.UINT8]
    found: Any = points(qdrant, alias)[7].vector
    assert found["image"] == [7.0, 255.0]


def test_whole_numbers_are_not_replaced_in_place(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    size = models.VectorParams(size=384, distance=COSINE, datatype=models.Datatype.UINT8)
    qdrant.create_collection(alias, vectors_config=size)
    qdrant.upsert(alias, [models.PointStruct(id=1, vector=[7] * 384, payload=contact(1))])
    for flags in (["--in-place"], ["--in-place", "--dry-run"]):
        assert "as uint8" in migrate(*flags, code=1)
    assert points(qdrant, alias)[1].vector == [7.0] * 384


def test_another_datatype_is_not_mixed_in(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 3)
    migrate("--datatype=float16")
    assert "float16, not of 384 numbers Cosine float32" in " ".join(migrate("verify", code=1).split())
    assert "for a new collection" in migrate("--in-place", "--datatype=float16", "--dry-run", code=1)


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
        migrate(code=3 if too_large else 0)
    finally:
        httpx.put(f"{qdrant_url}/_proxy_limit", json=0, trust_env=False)
    assert qdrant.count(migrate.target).count == 60 - len(too_large)
    if too_large:
        failure = json.loads(migrate.failures.read_text())
        assert failure == {"id": 7, "reason": TOO_LARGE}
        migrate("--retry-failed")
    migrate("verify")


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--alias=team/knowledge base"], "a name must not hold '/'. Name another one with --target"),
        (["--target=a:b"], "a name must not hold ':'. Name another one with --target"),
        (["--target=what?"], "a name must not hold '?'"),
        (["--target=.."], "the name of a folder"),
        (["--target=" + "x" * 250], "not have more than 244 bytes"),
        (["--target=" + "é" * 130], "not have more than 244 bytes"),
        (["--target-vector=nomic-embed-text:v1.5"], "another name with --target-vector"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
def test_names_that_qdrant_does_not_take(
    qdrant: QdrantClient, migrate: Migration, alias: str, flags: list[str], sentence: str, dry: list[str]
) -> None:
    point_alias(qdrant, "team/knowledge base", seed(qdrant, alias, 3))
    before = qdrant.get_collections()
    said = " ".join(migrate(*flags, *dry, code=1).split())
    assert sentence in said
    assert qdrant.get_collections() == before


def test_an_alias_that_no_collection_could_have(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    point_alias(qdrant, f"{alias}/old name", seed(qdrant, alias, 5))
    flags = [f"--alias={alias}/old name", f"--target={alias} new"]
    migrate(*flags)
    migrate(*flags, "switch")
    assert qdrant.count(f"{alias} new").count == 5
    migrate(*flags, "rollback")


def test_a_new_name_for_the_vector(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = named(qdrant, alias, [{"old": [1.0, number], "image": [2.0, 1.0]} for number in range(9)], old=TWO, image=TWO)
    assert "another vector 'image'" in migrate("--vector=old", "--target-vector=image", "--dry-run", code=1)
    flags = ["--vector=old", "--target-vector=text"]
    migrate(*flags)
    assert "started with new_vector 'text', not 'old'" in " ".join(migrate("--vector=old", code=1).split())
    migrate(*flags, "switch")
    vector: Any = points(qdrant, alias)[3].vector
    assert vector.keys() == {"text", "image"}
    assert points(qdrant, old).keys() == points(qdrant, alias).keys()


def test_the_only_vector_gets_a_name(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 5)
    migrate("--target-vector=text")
    migrate("--target-vector=text", "switch")
    assert params(qdrant, alias, "text").size == 384


def test_carried_vectors_that_a_folder_keeps_as_they_came(tmp_path: Path, migrate: Migration) -> None:
    """The embedded engine gives vectors unit length in memory, and has them on disk as they were written."""
    folder = tmp_path / "qdrant"
    client = QdrantClient(path=str(folder))
    vectors = [{"text": [1.0, 2.0], "image": [3.0 * number, 4.0]} for number in range(20)]
    vectors[0]["image"] = [0.0, 0.0]
    named(client, "people", vectors, text=TWO, image=TWO)
    client.close()
    migrate.variables |= {"QDRANT_URL": str(folder), "MIGRATE_ALIAS": "people", "MIGRATE_VECTOR": "text"}
    migrate("--limit=10", "--batch-size=5")
    assert "Final pass: 0 points written" in migrate()
    assert "Final pass: 0 points written" in migrate("switch")
