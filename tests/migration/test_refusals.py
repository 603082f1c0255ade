"""What would go wrong is refused before anything is changed."""

import pytest
from qdrant_client import QdrantClient, models

from scripts.free_port import free_port
from tests.migration.parts import Migration, contact, point_alias, seed

pytestmark = pytest.mark.tools


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--target={alias}-old"], 2, "Source and target are both"),
        (["--template={nickname} at {company}"], 2, "No point of {alias}-old has 'nickname'"),
        (["--template={name"], 2, "is wrong"),
        (["--in-place"], 2, "has vectors of 16 dimensions"),
        (["--batch-size=2048", "--vector=photo"], 2, "--vector"),
        (["--source=nothing.jsonl"], 2, "is not a file"),
        (["--embed-service-url=http://127.0.0.1:{closed}"], 3, "embed-service does not answer"),
        (["--qdrant-url=http://127.0.0.1:{closed}"], 3, "Qdrant does not answer"),
        (["--embed-service-url={qdrant}"], 3, "is not ready"),
        (["--alias=nobody"], 2, "neither an alias nor a collection"),
        (["switch"], 2, "nothing to switch to"),
        (["verify"], 1, "3 points in {alias}-old, 0 in {alias}-all-MiniLM-L6-v2"),
        (["verify"], 1, "There is no collection {alias}-all-MiniLM-L6-v2: migrate first."),
        (["rollback"], 2, "There is no migration"),
        (["cleanup", "--yes"], 2, "There is no migration"),
        (["--retry-failed"], 2, "start one first"),
        (["alias", "--move", "nothing"], 2, "There is no collection"),
    ],
    ids=lambda value: value[0].partition("=")[0].strip("-") if isinstance(value, list) else "",
)
def test_refused(
    qdrant: QdrantClient,
    qdrant_url: str,
    migrate: Migration,
    alias: str,
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    seed(qdrant, alias, 3)
    before = qdrant.get_collections()
    known = {"alias": alias, "closed": free_port(), "qdrant": qdrant_url}
    names = [one if "template" in one else one.format(**known) for one in arguments]
    said = migrate(*names, code=code)
    assert sentence.replace("{alias}", alias) in " ".join(said.split())
    assert "Traceback" not in said
    assert qdrant.get_collections() == before


@pytest.mark.parametrize(
    "argument",
    ["--batch-size=0", "--embed-service-url=heron", "--embed-service-url=http://heron:abc", "--engine=bird"],
)
def test_wrong_flags(migrate: Migration, argument: str) -> None:
    said = migrate(argument, code=2)
    assert argument.partition("=")[0] in said
    assert "Traceback" not in said


def test_a_foreign_target_is_left_alone(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 3)
    qdrant.create_collection(migrate.target, models.VectorParams(size=384, distance=models.Distance.COSINE))
    assert "exists and is not from a migration" in migrate(code=2)
    assert qdrant.count(migrate.target).count == 0


def test_a_manhattan_collection_is_refused(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 3, vectors=models.VectorParams(size=16, distance=models.Distance.MANHATTAN))
    assert "Manhattan" in migrate(code=2)


def test_another_template_is_not_mixed_in(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 3)
    migrate()
    assert "was started with template" in migrate("--template={name}", code=2)


def test_an_alias_that_points_at_the_target_already(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 3)
    migrate()
    point_alias(qdrant, alias, migrate.target)
    assert "Source and target are both" in migrate(code=2)


def test_a_collection_with_the_alias_name(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    qdrant.create_collection(alias, models.VectorParams(size=16, distance=models.Distance.COSINE))
    qdrant.upsert(alias, [models.PointStruct(id=1, vector=[1.0] * 16, payload=contact(1))])
    assert "is a collection, not an alias" in migrate(code=2)
