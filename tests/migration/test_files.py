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

pytestmark = pytest.mark.tools


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


def test_columns_of_pandas(qdrant: QdrantClient, migrate: Migration, tmp_path: Path) -> None:
    """Ids that are floats, since their column had a gap once; times and durations in nanoseconds, at any depth."""
    moment, span = pa.timestamp("ns", "UTC"), pa.duration("ns")
    path = tmp_path / "people.parquet"
    columns = {
        "id": pa.array([41.0, 42.0]),
        "name": pa.array(["Ada", "Grace"]),
        "seen": pa.array([1_000_001_234, None], moment),
        "worked": pa.array([3_600_000_000_999, 0], span),
        "log": pa.array([[{"at": 1_999, "took": 7}], None], pa.list_(pa.struct([("at", moment), ("took", span)]))),
        "opens": pa.array([1, 2], pa.time64("ns")),
        "stays": pa.array([[1_999], None], pa.large_list(moment)),
        "last": pa.array([[1_999], None], pa.list_(moment, 1)),
        "by_day": pa.array([[("monday", 7)], None], pa.map_(pa.string(), span)),
    }
    pq.write_table(pa.table(columns), path)
    flags = [f"--source={path}", "--template={name}"]
    migrate(*flags)
    found = points(qdrant, migrate.target)
    assert found.keys() == {41, 42}
    assert found[41].payload == {
        "id": 41.0,
        "name": "Ada",
        "seen": "1970-01-01T00:00:01.000001+00:00",
        "worked": "PT1H",
        "log": [{"at": "1970-01-01T00:00:00.000001+00:00", "took": "PT0S"}],
        "opens": "00:00:00",
        "stays": ["1970-01-01T00:00:00.000001+00:00"],
        "last": ["1970-01-01T00:00:00.000001+00:00"],
        "by_day": [["monday", "PT0S"]],
    }
    assert "Final pass: 0 points written" in migrate(*flags, "switch")


def test_a_value_that_python_cannot_hold(migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    pq.write_table(pa.table({"id": [1, 2], "name": ["Ada", "Grace"], "born": pa.array([0, 10**8], pa.date32())}), path)
    for flags in ([], ["--dry-run"]):
        said = " ".join(migrate(f"--source={path}", "--template={name}", *flags, code=2).split())
        assert f"Rows 1 to 2 of {path} hold a value that cannot be read, in 'born'" in said


@pytest.mark.parametrize("damaged", ["footer", "rows"])
def test_a_damaged_file(migrate: Migration, tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "people.parquet"
    pq.write_table(pa.table({"id": list(range(3000)), "name": [f"Ada {number}" for number in range(3000)]}), path)
    content = bytearray(path.read_bytes())
    content[4:4000] = bytes(3996)
    path.write_bytes(content if damaged == "rows" else content[:-9])
    said = " ".join(migrate(f"--source={path}", "--template={name}", code=2).split())
    assert f"{path} cannot be read: " in said


def test_whole_numbers_of_more_than_64_bits(qdrant: QdrantClient, migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"id": 1, "name": "Ada", "serial": 123456789012345678901234567890}')
    flags = [f"--source={path}", "--template={name}"]
    assert "Final pass: 0 points written" in migrate(*flags)
    assert (points(qdrant, migrate.target)[1].payload or {})["serial"] == pytest.approx(1.2345678901234568e29)


def test_numbers_that_json_has_not_become_null(qdrant: QdrantClient, migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text(json.dumps({**rows()[1], "id": 1, "scores": [math.nan, math.inf, 0.5]}))
    migrate(f"--source={path}")
    assert (points(qdrant, migrate.target)[1].payload or {})["scores"] == [None, None, 0.5]
    assert "Final pass: 0 points written" in migrate(f"--source={path}", "switch")


def test_a_row_that_has_no_utf8_fails_alone(qdrant: QdrantClient, migrate: Migration, tmp_path: Path) -> None:
    bad: list[dict[str, Any]] = [{"id": 1, "name": "\ud83d"}, {"id": 2, "tags": ["\ud83d"]}, {"id": 3, "\ud83d": ""}]
    path = tmp_path / "people.jsonl"
    written = [contact(0) | {"id": 0}, *(contact(0) | row for row in bad), contact(0) | {"id": "half \ud83d"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in written))
    migrate(f"--source={path}", "--dry-run")
    migrate(f"--source={path}", code=1)
    assert points(qdrant, migrate.target).keys() == {0}
    failed = [json.loads(line) for line in migrate.failures.read_text().splitlines()]
    assert [failure["id"] for failure in failed][:3] == [1, 2, 3]
    assert {failure["reason"] for failure in failed} == {"it holds half of a surrogate pair, which UTF-8 does not have"}
    assert "except for 4 failed points" in migrate(f"--source={path}", "verify")


@pytest.mark.parametrize("apart", [0, 1500], ids=["neighbours", "pages apart"])
def test_rows_of_one_id_that_differ_are_refused(migrate: Migration, tmp_path: Path, apart: int) -> None:
    between = [{"id": number, "name": "Grace"} for number in range(apart)]
    lines = [json.dumps(row) + "\n" for row in ({"id": "ada", "name": "Ada"}, *between, {"id": "ada", "name": "Alan"})]
    path = tmp_path / "people.jsonl"
    path.write_text("".join(lines))
    arguments = [f"--source={path}", "--template={name}", "--batch-size=500"]
    said = " ".join(migrate(*arguments, code=2).split())
    assert f"Different rows of {path} have the id 'ada'" in said
    assert f"ends at byte {len(lines[0])}, the line that ends at byte {len(''.join(lines))};" in said
    path.write_text("".join(lines[1:]))
    migrate(*arguments)
    migrate(*arguments, "switch")


def test_equal_rows_may_be_repeated(qdrant: QdrantClient, migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    pq.write_table(pa.Table.from_pylist([rows()[1]] * 3), path)
    migrate(f"--source={path}")
    migrate(f"--source={path}", "switch")
    assert qdrant.count(migrate.target).count == 1


def test_failed_rows_are_tried_again(qdrant: QdrantClient, migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    lines = [json.dumps(row) + "\n" for row in rows()]
    blank = [json.dumps({"id": row["id"], "userId": row["userId"]}) + "\n" for row in rows()[:7]]
    path.write_text("".join(blank + lines[7:]))
    migrate(f"--source={path}", code=1)
    path.write_text("".join(lines[1:]))
    migrate(f"--source={path}", "--retry-failed", "--user-id=user-1", code=1)
    assert len(migrate.failures.read_text().splitlines()) == 5
    migrate(f"--source={path}", "--retry-failed", "--batch-size=2")
    assert not migrate.failures.exists()
    assert len(points(qdrant, migrate.target)) == 99


def test_one_users_rows(qdrant: QdrantClient, migrate: Migration, file: Path) -> None:
    migrate(f"--source={file}", "--user-id=user-3")
    assert {(point.payload or {})["userId"] for point in points(qdrant, migrate.target).values()} == {"user-3"}
    assert qdrant.count(migrate.target).count == 25


def test_a_row_without_an_id(migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"name": "Ada", "title": "x", "company": "y"}\n')
    assert "has no 'id': name the field of ids with --id-field" in " ".join(migrate(f"--source={path}", code=2).split())


def test_a_line_that_is_no_json(migrate: Migration, tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text("{name: Ada}\n")
    assert "is not JSON" in migrate(f"--source={path}", code=2)


@pytest.mark.parametrize("depth", [100, 500, 100_000])
def test_a_line_that_is_nested_too_deeply(migrate: Migration, tmp_path: Path, depth: int) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"id": 1, "name": "Ada", "tags": ' + "[" * depth + "]" * depth + "}\n")
    assert "has more than 100 arrays and objects in each other" in migrate(
        f"--source={path}", "--template={name}", code=2
    )


def test_a_file_that_was_changed_between_two_runs(qdrant: QdrantClient, migrate: Migration, tmp_path: Path) -> None:
    """Where the first run stopped there may be the middle of a line now; the final pass finds what is skipped."""
    path = tmp_path / "people.jsonl"
    path.write_text("".join(json.dumps({"id": number, "name": "Ada"}) + "\n" for number in range(60)))
    arguments = [f"--source={path}", "--template={name}", "--batch-size=5"]
    migrate(*arguments, "--limit=20")
    path.write_text("".join(json.dumps({"name": "Grace Hopper", "id": number}) + "\n" for number in range(1, 60)))
    migrate(*arguments)
    migrate(*arguments, "switch")
    found = points(qdrant, migrate.target)
    assert {key: (point.payload or {})["name"] for key, point in found.items() if key} == dict.fromkeys(
        range(1, 60), "Grace Hopper"
    )
