"""From a collection to a new one beside it, and over to it, as a user does it."""

import json
from typing import Any

import httpx
import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from tests.http.services import Service
from tests.migration.parts import Migration, dense, points, seed

pytestmark = pytest.mark.tools


def test_migrate_verify_switch_roll_back_and_clean_up(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed(qdrant, alias, 300)
    migrate()
    assert "Verification passed." in migrate("verify")
    assert "<svg" in (migrate.folder / f"{migrate.target}.html").read_text()
    assert behind(qdrant, alias) == old
    migrate("switch")
    assert behind(qdrant, alias) == migrate.target
    migrate("rollback")
    assert behind(qdrant, alias) == old
    migrate("switch")
    migrate("cleanup", code=2)
    assert qdrant.collection_exists(old)
    migrate("cleanup", "--yes")
    names = {found.name for found in qdrant.get_collections().collections}
    assert migrate.target in names
    assert not names & {old, f"{migrate.target}__migration"}


def test_points_get_the_services_vectors_and_keep_their_payload(
    qdrant: QdrantClient, migrate: Migration, alias: str, embed: Service
) -> None:
    before = points(qdrant, seed(qdrant, alias, 30))
    migrate()
    after = points(qdrant, migrate.target)
    assert {point_id: point.payload for point_id, point in after.items()} == {
        point_id: point.payload for point_id, point in before.items()
    }
    assert before[7].payload is not None
    text = "{name} {title} at {company}".format(**before[7].payload)
    wanted = embed.post(text, input_type="passage").json()["embeddings"][0]
    assert np.allclose(dense(after[7]), wanted, atol=1e-4)


def test_other_vectors_are_carried(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = f"{alias}-old"
    size = models.VectorParams(size=4, distance=models.Distance.COSINE)
    qdrant.create_collection(
        old, vectors_config={"text": size, "photo": size}, sparse_vectors_config={"words": models.SparseVectorParams()}
    )
    words = models.SparseVector(indices=[3, 9], values=[0.5, 2.0])
    vector: Any = {"text": [1.0, 0, 0, 0], "photo": [1.0, 2, 3, 4], "words": words}
    qdrant.upsert(old, [models.PointStruct(id=1, vector=vector, payload={"name": "Ada", "title": "x", "company": "y"})])
    migrate("alias", old)
    assert "--vector" in migrate(code=2)
    migrate("--vector=text")
    migrate("--vector=text", "verify")
    found: Any = points(qdrant, migrate.target)[1].vector
    assert len(found["text"]) == 384
    assert np.allclose(found["photo"], np.array([1, 2, 3, 4]) / np.sqrt(30))
    assert (found["words"].indices, found["words"].values) == ([3, 9], [0.5, 2.0])


def test_the_index_is_off_while_loading_and_then_on(
    qdrant: QdrantClient, qdrant_url: str, migrate: Migration, alias: str
) -> None:
    seed(qdrant, alias, 10)
    migrate()
    asked = httpx.get(f"{qdrant_url}/_requests", trust_env=False).json()
    of_target = [one for one in asked if one["path"] == f"/collections/{migrate.target}"]
    assert [(one["method"], one["body"]["hnsw_config"]["m"]) for one in of_target] == [("PUT", 0), ("PATCH", 16)]


def test_one_user_first_then_all(qdrant: QdrantClient, migrate: Migration, alias: str, embed: Service) -> None:
    seed(qdrant, alias, 80)
    migrate("--user-id=user-1")
    assert set(points(qdrant, migrate.target)) == set(range(1, 80, 4))
    assert qdrant.get_collection(migrate.target).config.metadata == {"model": embed.kind.model}
    assert "missing" in migrate("verify", code=1)
    migrate("switch", code=2)
    migrate()
    migrate("verify")


def test_in_place(qdrant: QdrantClient, migrate: Migration, alias: str, embed: Service) -> None:
    size = models.VectorParams(size=384, distance=models.Distance.COSINE)
    qdrant.create_collection(alias, vectors_config=size)
    payload = {"name": "Ada", "title": "Engineer", "company": "Acme"}
    qdrant.upsert(alias, [models.PointStruct(id=1, vector=[1.0] * 384, payload=payload)])
    assert "not an alias" in migrate(code=2)
    migrate("--in-place", "--user-id=nobody")
    assert not qdrant.get_collection(alias).config.metadata  # the others' vectors are the old model's
    migrate("--in-place")
    wanted = embed.post("Ada Engineer at Acme", input_type="passage").json()["embeddings"][0]
    found = points(qdrant, alias)[1]
    assert found.payload == payload
    assert np.allclose(dense(found), wanted, atol=1e-4)
    assert qdrant.get_collection(alias).config.metadata == {"model": embed.kind.model}
    migrate("--in-place", "verify")
    migrate("cleanup", "--yes")
    assert qdrant.collection_exists(alias)


def test_users_whose_ids_are_numbers(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed(qdrant, alias, 6)
    for number, user in enumerate([7, "7", "07", 77]):
        qdrant.set_payload(old, {"userId": user}, [number])
    assert "points      2" in migrate("--user-id=7", "--dry-run")
    migrate("--user-id=7")
    assert points(qdrant, migrate.target).keys() == {0, 1}


def test_a_dry_run_shows_the_plan_and_changes_nothing(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed(qdrant, alias, 30)
    qdrant.set_payload(old, {"name": "", "title": "", "company": ""}, [3, 4])
    qdrant.set_payload(old, {"title": "word " * 600}, [5])
    names = qdrant.get_collections()
    plan = migrate("--dry-run")
    assert qdrant.get_collections() == names
    shown = {line[:12].strip(): line[12:] for line in plan.splitlines() if line[:1].strip()}
    assert shown["points"].startswith("30 (all of them")
    assert shown["empty"].startswith("2 texts")
    assert shown["too long"].startswith("1 text over 256 tokens")
    assert int(shown["tokens"]) > 28 * 5
    assert shown["batches"] == "1 of 100"
    assert not migrate.folder.exists()


def test_failed_points_are_kept_and_tried_again(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed(qdrant, alias, 20)
    qdrant.set_payload(old, {"name": "", "title": None, "company": "  "}, [3, 4])
    migrate(code=1)
    assert {json.loads(line)["id"] for line in migrate.failures.read_text().splitlines()} == {3, 4}
    assert "except for 2 failed points" in migrate("verify")
    assert "2 points failed" in migrate("switch", code=2)
    qdrant.set_payload(old, {"name": "Ada"}, [3])
    migrate("--retry-failed", code=1)
    assert [json.loads(line)["id"] for line in migrate.failures.read_text().splitlines()] == [4]
    qdrant.set_payload(old, {"name": "Alan"}, [4])
    migrate("--retry-failed")
    assert not migrate.failures.exists()
    migrate("verify")


def test_a_switch_may_leave_failed_points_behind(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed(qdrant, alias, 5)
    qdrant.set_payload(old, {"name": "", "title": "", "company": ""}, [3])
    migrate(code=1)
    migrate("--allow-failed", "switch")
    assert behind(qdrant, alias) == migrate.target
    assert "1 point not migrated" in migrate("cleanup", "--yes")
    assert migrate.failures.exists()


def test_what_was_written_after_a_switch_is_not_discarded_unasked(
    qdrant: QdrantClient, migrate: Migration, alias: str
) -> None:
    seed(qdrant, alias, 10)
    migrate()
    migrate("switch")
    qdrant.upsert(alias, [models.PointStruct(id=77, vector=[1.0] * 384, payload={"name": "New"})])
    qdrant.set_payload(alias, {"title": "Owner"}, [3])
    migrate("rollback")
    for command in ([], ["--dry-run"], ["switch"]):
        said = " ".join(migrate(*command, code=2).split())
        assert "1 point that" in said
        assert "1 with other contents" in said
    assert points(qdrant, migrate.target).keys() == {*range(10), 77}
    migrate("--discard-new", "switch")
    assert points(qdrant, migrate.target).keys() == {*range(10)}


def test_an_alias_is_moved_only_when_asked(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old, other = seed(qdrant, alias, 3), f"{alias}-other"
    qdrant.create_collection(other, models.VectorParams(size=16, distance=models.Distance.COSINE))
    assert f"{alias} points at {old}" in migrate("alias", other, code=2)
    assert behind(qdrant, alias) == old
    migrate("alias", "--move", other)
    assert behind(qdrant, alias) == other


def test_a_limit_stops_and_the_next_run_goes_on(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 500)
    migrate("--limit=100", "--batch-size=10")
    assert len(points(qdrant, migrate.target)) == 100
    assert "400 points written" in migrate("--batch-size=10")
    migrate("verify")


def behind(client: QdrantClient, alias: str) -> str:
    return next(found.collection_name for found in client.get_aliases().aliases if found.alias_name == alias)
