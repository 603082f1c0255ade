"""Everything that the project names by a tag is pinned, by a real registry and real git, or nothing is."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.free_port import free_port
from scripts.pin.references import COMPOSE, DOCKERFILE, OVERLAYS, VARIABLES, WORKFLOWS
from tests.http.server import ROOT
from tests.unit.scripts.pin.registry import MISSING, Registry, digest

pytestmark = pytest.mark.tools

FILES = [COMPOSE, VARIABLES, DOCKERFILE, *(file.relative_to(ROOT) for file in ROOT.glob(OVERLAYS))]
FILES += [file.relative_to(ROOT) for file in ROOT.glob(WORKFLOWS)]
DIGEST = re.compile(r"(@|, digest: )sha256:[0-9a-f]{64}")
COMMIT = re.compile(r"@[0-9a-f]{40} # (\S+)")


def unpinned(text: str) -> str:
    """A file as it is before it is pinned."""
    return COMMIT.sub(r"@\1", DIGEST.sub("", text))


ACTIONS = {
    (name, tag)
    for file in ROOT.glob(WORKFLOWS)
    for name, tag in re.findall(r"uses: (\S+)@(\S+)", unpinned(file.read_text()))
}
CPU = Path("deploy/kubernetes/overlays/cpu/kustomization.yaml")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as registry:
        yield registry


@pytest.fixture
def project(tmp_path: Path, registry: Registry) -> Path:
    """The files that name images and actions; the images are this machine's registry's."""
    folder = tmp_path / "project"
    for file in FILES:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        text = unpinned((ROOT / file).read_text()).replace("docker.io/", f"{registry.host}/")
        pushed = f"{{name: embed-service, newName: {registry.host}/heron/embed, newTag"
        (folder / file).write_text(text.replace("{name: embed-service, newTag", pushed))
    return folder


@pytest.fixture
def github(tmp_path: Path) -> Path:
    """Repositories of the actions; the tag of `checkout` is annotated."""
    for name, tag in ACTIONS:
        folder = tmp_path / "github" / name
        folder.mkdir(parents=True)
        git(folder, "init", "-q")
        git(folder, "commit", "-q", "--allow-empty", "-m", name)
        git(folder, "tag", *(("-a", "-m", tag, tag) if name == "actions/checkout" else (tag,)))
    return tmp_path / "github"


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=heron", "-c", "user.email=heron@example.com")
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def pin(project: Path, github: Path) -> subprocess.CompletedProcess[str]:
    redirected = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{github.as_uri()}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }
    return subprocess.run(
        [sys.executable, "-m", "scripts.pin", "--folder", project],
        cwd=ROOT,
        env=os.environ | redirected,
        capture_output=True,
        text=True,
        check=False,
    )


def texts(project: Path) -> dict[Path, str]:
    return {file: (project / file).read_text() for file in FILES}


def test_images_get_the_digest_behind_their_tag(project: Path, github: Path) -> None:
    before = texts(project)
    done = pin(project, github)
    assert done.returncode == 0, done.stderr
    after = texts(project)
    [redis] = re.findall("^REDIS_TAG=(.+)$", before[VARIABLES], re.MULTILINE)
    [python] = re.findall("^ARG BASE=.+/python:(.+)$", before[DOCKERFILE], re.MULTILINE)
    assert f"REDIS_TAG={redis}@{digest('library/redis', redis)}\n" in after[VARIABLES]
    assert f"redis:${{REDIS_TAG:-{redis}@{digest('library/redis', redis)}}}\n" in after[COMPOSE]
    assert after[VARIABLES].count("@sha256:") == after[COMPOSE].count("@sha256:") == 6
    assert f"/python:{python}@{digest('library/python', python)}\n" in after[DOCKERFILE]
    assert f"heron/embed, newTag: latest, digest: {digest('heron/embed', 'latest')}}}" in after[CPU]
    assert "{name: rerank-service, newTag: latest}" in after[CPU], "no registry knows an image of this machine"
    assert {file: unpinned(text) for file, text in after.items()} == before


def test_actions_get_the_commit_behind_their_tag(project: Path, github: Path) -> None:
    assert pin(project, github).returncode == 0
    used = set(re.findall(r"uses: (\S+)@(\S+) # (\S+)\n", "".join(texts(project).values())))
    assert used == {(name, git(github / name, "rev-parse", "HEAD"), tag) for name, tag in ACTIONS}


def test_pinning_again_changes_nothing_until_a_tag_moves(project: Path, github: Path) -> None:
    pin(project, github)
    first = texts(project)
    assert pin(project, github).returncode == 0
    assert texts(project) == first
    checkout = github / "actions/checkout"
    before = git(checkout, "rev-parse", "HEAD")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "newer")
    git(checkout, "tag", "-f", dict(ACTIONS)["actions/checkout"])
    pin(project, github)
    moved = {file: text.replace(before, git(checkout, "rev-parse", "HEAD")) for file, text in first.items()}
    assert texts(project) == moved != first


def no_registry(project: Path, _: Path) -> str:
    address = f"127.0.0.1:{free_port()}"
    file = project / COMPOSE
    file.write_text(re.sub(r"image: \S+/nginx:", f"image: {address}/nginx:", file.read_text()))
    return f"The registry {address} cannot be reached"


def no_tag(project: Path, _: Path) -> str:
    file = project / VARIABLES
    file.write_text(re.sub("(?m)^GRAFANA_TAG=.*$", f"GRAFANA_TAG={MISSING}", file.read_text()))
    return f"/grafana/grafana:{MISSING}: status 404"


def no_github(_: Path, github: Path) -> str:
    shutil.rmtree(github)
    return "https://github.com/actions/checkout cannot be read"


def no_tag_of_an_action(_: Path, github: Path) -> str:
    tag = dict(ACTIONS)["actions/setup-python"]
    git(github / "actions/setup-python", "tag", "-d", tag)
    return f"https://github.com/actions/setup-python has no tag or branch {tag}."


@pytest.mark.parametrize(("fault", "code"), [(no_registry, 3), (no_tag, 2), (no_github, 3), (no_tag_of_an_action, 2)])
def test_where_a_name_cannot_be_resolved_one_line_says_so_and_nothing_is_written(
    project: Path, github: Path, fault: Callable[[Path, Path], str], code: int
) -> None:
    reason = fault(project, github)
    before = texts(project)
    done = pin(project, github)
    assert done.returncode == code
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert reason in done.stderr
    assert texts(project) == before


def test_the_updater_knows_every_tag_of_the_compose_file() -> None:
    renovate = json.loads((ROOT / "renovate.json").read_text())
    example, compose = (unpinned((ROOT / file).read_text()) for file in (VARIABLES, COMPOSE))
    names = {variable: name for name, variable in re.findall(r"image: (\S+/\S+):\$\{(\w+):-", compose)}
    behind = rf"\1@{digest('any', 'tag')}"
    texts = [
        example,
        compose,
        re.sub(r"(?m)^(\w+_TAG=.+)$", behind, example),
        re.sub(r"(_TAG:-[^}]+)", behind, compose),
    ]
    for manager in renovate["customManagers"]:
        assert manager["managerFilePatterns"] == [str(VARIABLES), str(COMPOSE)]
        [pattern] = manager["matchStrings"]
        found = [re.search(pattern.replace("(?<", "(?P<"), text) for text in texts]
        [variable] = [name for name in names if name in pattern]
        assert names.pop(variable) == manager["depNameTemplate"]
        assert all(match and match["currentValue"] == re.findall(f"{variable}=(.+)", example)[0] for match in found)
        assert [match["currentDigest"] for match in found if match] == [None] * 2 + [digest("any", "tag")] * 2
    assert not names
