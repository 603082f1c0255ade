from pathlib import Path

import pytest

from scripts.migrate.copy.dead_letters import Failures

pytestmark = pytest.mark.tools


def test_failures_survive_and_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "new" / "failures.jsonl"
    failures = Failures(path)
    failures.add(1, "empty")
    failures.add("a", "422 too long")
    failures.add(1, "500 internal")
    with path.open("a") as file:
        file.write('{"id": 9, "rea')  # the process was killed here
    again = Failures(path)
    assert again.reasons == {1: "500 internal", "a": "422 too long"}
    again.forget([1, 2])
    assert Failures(path).ids == ["a"]
    again.forget(["a"])
    assert not path.exists()


def test_a_line_after_one_cut_short_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "failures.jsonl"
    path.write_text('{"id": 9, "rea')
    Failures(path).add(1, "empty")
    assert Failures(path).reasons == {1: "empty"}
