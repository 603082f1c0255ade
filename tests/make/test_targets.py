"""The other targets that a README names, run in a clone."""

import re

import pytest

from tests.http.server import ROOT
from tests.make.repository import Repository

pytestmark = pytest.mark.make


def test_build_makes_both_bentos(repository: Repository) -> None:
    repository.make("build")
    built = {folder.name for folder in (repository.home / "bentos").iterdir()}
    assert built == {"embed-service", "rerank-service"}


def test_demo_migrate_goes_from_beginning_to_end(repository: Repository) -> None:
    shown = repository.make("demo-migrate")
    steps = re.findall(r"^\$ python -m scripts\.migrate ?(.*)$", shown, re.M)
    assert steps == ["--dry-run", "", "verify", "switch", "rollback", "switch", "cleanup --yes"]
    assert "\nReport: " in shown


def test_help_lists_every_target(repository: Repository) -> None:
    listed = re.findall(r"^make (\S+)", repository.make("help"), re.M)
    phony = re.findall(r"^\.PHONY:((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.M)[0]
    assert sorted(listed) == sorted(phony.replace("\\", "").split())
    assert {"serve", "test", "test-all", "check", "bench", "doctor", "build", "docs"} <= set(listed)


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        ("", ""),
        ("PRECISION=auto", ""),
        ("PRECISION=fp32", "EMBED_PRECISION=fp32 RERANK_PRECISION=fp32 "),
        ("PRECISION=none", "EMBED_BACKEND=torch RERANK_BACKEND=torch "),
    ],
)
def test_serve_takes_the_variant_that_was_asked_for(repository: Repository, asked: str, settings: str) -> None:
    *_, last = repository.make("--dry-run", "serve", *asked.split()).splitlines()
    assert last.strip() == f"{settings}.venv/bin/python -m scripts.serve --models small"
