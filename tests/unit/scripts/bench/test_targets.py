import json
from pathlib import Path

import pytest

from scripts.bench.targets import GUIDE, Verdict, with_overrides
from scripts.command import UsageError

[RERANK] = [target for target in GUIDE if target.name == "rerank"]


@pytest.mark.parametrize(
    ("milliseconds", "verdict"),
    [
        (149.9, Verdict.TARGET),
        (150, Verdict.ACCEPTABLE),
        (249.9, Verdict.ACCEPTABLE),
        (250, Verdict.TOO_SLOW),
    ],
)
def test_limits_are_upper_bounds_that_must_not_be_reached(milliseconds: float, verdict: Verdict) -> None:
    assert RERANK.verdict(milliseconds) is verdict


def test_a_flag_wins_over_the_file_and_the_file_over_the_guide(tmp_path: Path) -> None:
    file = tmp_path / "targets.json"
    file.write_text(json.dumps({"rerank": [1, 2], "p95-rerank": [3, 4]}))
    targets = {target.name: target for target in with_overrides(file, ["rerank=10/20.5"])}
    limits = {name: [target.target_ms, target.acceptable_ms] for name, target in targets.items()}
    assert [limits["rerank"], limits["p95-rerank"], limits["single-embedding"]] == [[10, 20.5], [3, 4], [50, 100]]


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("rerank", "is written like rerank=100/200"),
        ("heron=1/2", "There is no target heron: choose single-embedding"),
        ("rerank=2/1", "two positive limits"),
        ("rerank=0/1", "two positive limits"),
        ("rerank=1.2.3/4", "two numbers"),
    ],
)
def test_a_wrong_flag_is_explained(flag: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        with_overrides(None, [flag])


@pytest.mark.parametrize("content", ["{", "[1]", '{"rerank": 5}', '{"rerank": [1, "fast"]}', '{"rerank": [1, 2, 3]}'])
def test_a_wrong_file_is_explained(tmp_path: Path, content: str) -> None:
    file = tmp_path / "targets.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=r"targets? (in|rerank)"):
        with_overrides(file, [])
