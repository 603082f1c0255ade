"""Names of collections and vectors that Qdrant no longer takes, and new ones for them."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient

from tests.migration.parts import TWO, Migration, point_alias, points, seed, seed_named, vector_params

pytestmark = pytest.mark.tools


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--alias=team/knowledge base"], "a name must not hold '/'. Name another one with --target"),
        (["--target=a:b"], "a name must not hold ':'. Name another one with --target"),
        (["--target=what?"], "a name must not hold '?'"),
        (["--target=.."], "the name of a directory"),
        (["--target=" + "x" * 250], "not have more than 244 bytes"),
        (["--target=" + "é" * 130], "not have more than 244 bytes"),
        (["--target-vector=a|b"], "another name with --target-vector"),
    ],
)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
def test_names_that_qdrant_does_not_take(
    qdrant: QdrantClient, migrate: Migration, alias: str, flags: list[str], sentence: str, dry: list[str]
) -> None:
    point_alias(qdrant, "team/knowledge base", seed(qdrant, alias, 3))
    before = qdrant.get_collections()
    said = " ".join(migrate(*flags, *dry, code=2).split())
    assert sentence in said
    assert qdrant.get_collections() == before


@pytest.fixture
def before_1_18(qdrant_url: str) -> Iterator[Callable[[], None]]:
    """A server that takes any name for a vector; calling it brings the server up to date."""

    def be(version: str) -> None:
        httpx.put(f"{qdrant_url}/_version", json=version, trust_env=False).raise_for_status()

    be("1.17.1")
    yield lambda: be("1.18.0")
    be("1.18.0")


def test_a_vector_that_could_have_its_name_once(
    qdrant: QdrantClient, migrate: Migration, alias: str, before_1_18: Callable[[], None]
) -> None:
    old = "nomic-embed-text:v1.5"
    seed_named(qdrant, alias, [{old: [1.0, number]} for number in range(9)], **{old: TWO})
    migrate("--dry-run")
    before_1_18()
    for flags in (["--dry-run"], []):
        said = " ".join(migrate(*flags, code=2).split())
        assert f"no new vector '{old}': since version 1.18 a name must not hold ':'" in said
        assert "another name with --target-vector" in said
    migrate("--target-vector=nomic")
    migrate("--target-vector=nomic", "switch")
    assert vector_params(qdrant, alias, "nomic").size == 384


def test_a_carried_vector_that_could_have_its_name_once(
    qdrant: QdrantClient, migrate: Migration, alias: str, before_1_18: Callable[[], None]
) -> None:
    seed_named(qdrant, alias, [{"text": [1.0, 2.0], "clip:b32": [2.0, 1.0]}], **{"text": TWO, "clip:b32": TWO})
    before_1_18()
    said = " ".join(migrate("--vector=text", "--dry-run", code=2).split())
    assert "no new vector 'clip:b32'" in said
    assert "use --in-place, or delete that vector" in said


def test_an_older_server_takes_any_name_for_a_vector(
    qdrant: QdrantClient, migrate: Migration, alias: str, before_1_18: Callable[[], None]
) -> None:
    seed_named(qdrant, alias, [{"a:b": [1.0, 2.0]}], **{"a:b": TWO})
    migrate()
    assert vector_params(qdrant, migrate.target, "a:b").size == 384
    before_1_18()
    migrate("--dry-run")  # the new collection is there


def test_an_alias_that_no_collection_could_have(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    point_alias(qdrant, f"{alias}/old name", seed(qdrant, alias, 5))
    flags = [f"--alias={alias}/old name", f"--target={alias} new"]
    migrate(*flags)
    migrate(*flags, "switch")
    assert qdrant.count(f"{alias} new").count == 5
    migrate(*flags, "rollback")


def test_a_new_name_for_the_vector(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed_named(
        qdrant, alias, [{"old": [1.0, number], "image": [2.0, 1.0]} for number in range(9)], old=TWO, image=TWO
    )
    assert "another vector 'image'" in migrate("--vector=old", "--target-vector=image", "--dry-run", code=2)
    flags = ["--vector=old", "--target-vector=text"]
    migrate(*flags)
    assert "started with new_vector 'text', not 'old'" in " ".join(migrate("--vector=old", code=2).split())
    migrate(*flags, "switch")
    vector: Any = points(qdrant, alias)[3].vector
    assert vector.keys() == {"text", "image"}
    assert points(qdrant, old).keys() == points(qdrant, alias).keys()


def test_the_only_vector_gets_a_name(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 5)
    migrate("--target-vector=text")
    migrate("--target-vector=text", "switch")
    assert vector_params(qdrant, alias, "text").size == 384
