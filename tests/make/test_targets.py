"""The other targets that a README names, run in a clone."""

import os
import re
import shutil
from pathlib import Path

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
    ("asked", "precision"),
    [("", "auto"), ("PRECISION=auto", "auto"), ("PRECISION=fp32", "fp32"), ("TORCH=cuda", "none")],
)
def test_serve_takes_the_precision_that_was_asked_for(repository: Repository, asked: str, precision: str) -> None:
    *_, last = repository.make("--dry-run", "serve", *asked.split()).splitlines()
    assert last.strip() == f".venv/bin/python -m scripts.serve --models small --precision {precision}"


def test_a_preset_that_there_is_not_is_refused_at_once(repository: Repository) -> None:
    shown = repository.make("serve", "MODELS=prod", code=2)
    [line] = shown.splitlines()
    assert "MODELS=prod is not a preset of two models: choose small or production" in line


@pytest.mark.parametrize("target", ["images", "up"])
def test_an_engine_that_does_not_answer_says_so_itself_at_once(
    repository: Repository, tmp_path: Path, target: str
) -> None:
    sentence = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\necho '{sentence}' >&2; exit 1\n")
    docker.chmod(0o755)
    programs = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    first, *_ = repository.make(target, "ENGINE=docker", variables=programs, code=2).splitlines()
    assert first == sentence


def test_docker_that_does_not_answer_is_still_the_engine_where_podman_is_missing(
    repository: Repository, tmp_path: Path
) -> None:
    for name in ("make", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    shown = repository.make("--dry-run", "up", variables={"PATH": str(tmp_path)})
    assert "docker compose -f" in shown


@pytest.mark.parametrize("target", ["up", "down"])
def test_podman_without_podman_compose_is_one_sentence(repository: Repository, tmp_path: Path, target: str) -> None:
    for name in ("make", "sh"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    (tmp_path / "podman").write_text("#!/bin/sh\n")
    (tmp_path / "podman").chmod(0o755)
    shown = repository.make(target, "ENGINE=podman", "BIN=nowhere", variables={"PATH": str(tmp_path)}, code=2)
    assert shown.startswith(
        "podman starts the stack by podman-compose: install it by pip or your system, or run make venv.\n"
    )
