"""Collections that frameworks have filled are migrated with the templates of docs/migration.md."""

import re

import pytest
from qdrant_client import QdrantClient, models

from scripts.docs.migration_page import PAGE
from scripts.migrate.copy.template import Template
from tests.http.services import Service
from tests.migration.parts import Migration, points
from tests.migration.stores import ID, STORES, TEXT

pytestmark = pytest.mark.tools

ROW = re.compile(r"^\| (?P<store>[^|]+) \| `(?P<template>[^`-][^`]*)` \|", re.MULTILINE)


def templates() -> dict[str, str]:
    section = PAGE.read_text().partition("### Templates")[2].partition("\n## ")[0]
    return {row["store"]: row["template"] for row in ROW.finditer(section)}


def test_the_page_has_a_template_for_every_store() -> None:
    assert templates().keys() == STORES.keys()


@pytest.mark.parametrize("store", STORES)
def test_a_template_gives_the_text(store: str) -> None:
    assert Template(templates()[store]).render(STORES[store].payload) == TEXT


@pytest.mark.parametrize("store", STORES)
def test_a_stores_collection(qdrant: QdrantClient, migrate: Migration, alias: str, embed: Service, store: str) -> None:
    stored = STORES[store]
    old = stored.seed(qdrant, alias)
    before = points(qdrant, old)[ID]
    arguments = [f"--template={templates()[store]}"]
    migrate(*arguments, "--dry-run")
    migrate(*arguments)
    migrate(*arguments, "switch")
    found = points(qdrant, alias)[ID]
    assert found.payload == before.payload
    name = next(iter(stored.vectors))
    wanted = embed.post(TEXT, input_type="passage").json()["embeddings"][0]
    vector = found.vector[name] if isinstance(found.vector, dict) else found.vector
    assert vector == pytest.approx(wanted, abs=1e-4)
    for sparse, value in stored.sparse.items():
        assert isinstance(found.vector, dict)
        assert found.vector[sparse] == models.SparseVector(**value.model_dump())
    collections = [qdrant.get_collection(one) for one in (old, alias)]
    assert collections[0].payload_schema == collections[1].payload_schema
    assert collections[0].config.hnsw_config == collections[1].config.hnsw_config
