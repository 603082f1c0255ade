"""Rows of files become points."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from qdrant_client import QdrantClient

from tests.migration.parts import Migration, contact, points


@pytest.fixture(params=["jsonl", "parquet"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"people.{request.param}"
    if request.param == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    else:
        pq.write_table(pa.Table.from_pylist(rows()), path, row_group_size=37)
    return path


def rows() -> list[dict[str, Any]]:
    ids: list[str] = ["3b241101-e2bb-4255-8caf-4136c566a962", *(f"person {number}" for number in range(1, 100))]
    return [{"id": row_id, **contact(number), "tags": ["a"]} for number, row_id in enumerate(ids)]


def test_a_file_becomes_a_collection(qdrant: QdrantClient, migrate: Migration, file: Path) -> None:
    migrate(f"--source={file}", "--limit=40", "--batch-size=2")
    assert len(points(qdrant, migrate.target)) == 40
    migrate(f"--source={file}", "--batch-size=2")
    found = points(qdrant, migrate.target)
    assert sorted((point.payload or {})["id"] for point in found.values()) == sorted(row["id"] for row in rows())
    assert found["3b241101-e2bb-4255-8caf-4136c566a962"].payload == rows()[0]
    migrate(f"--source={file}", "verify")
    migrate(f"--source={file}", "switch")
    assert len(points(qdrant, migrate.variables["MIGRATE_ALIAS"])) == 100


def test_values_that_json_has_not_are_made_plain_at_any_depth(
    qdrant: QdrantClient, migrate: Migration, tmp_path: Path
) -> None:
    moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
    strange = {"seen": [{"at": moment, "price": Decimal("1.50")}], "score": math.nan, "raw": b"heron"}
    path = tmp_path / "strange.parquet"
    pq.write_table(pa.Table.from_pylist([{**rows()[1], "id": 1, **strange}]), path)
    migrate(f"--source={path}")
    payload = points(qdrant, migrate.target)[1].payload or {}
    assert payload["seen"] == [{"at": moment.isoformat(), "price": 1.5}]
    assert payload["score"] is None
    assert payload["raw"] == "aGVyb24="
    migrate(f"--source={path}", "verify")


def test_one_users_rows(qdrant: QdrantClient, migrate: Migration, file: Path) -> None:
    migrate(f"--source={file}", "--user-id=user-3")
    assert {(point.payload or {})["userId"] for point in points(qdrant, migrate.target).values()} == {"user-3"}
    assert qdrant.count(migrate.target).count == 25


def test_a_row_without_an_id(migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"name": "Ada", "title": "x", "company": "y"}\n')
    assert "has no 'id': name the field of ids with --id-field" in " ".join(migrate(f"--source={path}", code=1).split())


def test_a_line_that_is_no_json(migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text("{name: Ada}\n")
    assert "is not JSON" in migrate(f"--source={path}", code=1)
