"""A plain `docker build` makes the images that `make images` makes."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bentos.common.version import VERSION
from tests.http.server import ROOT
from tests.http.services import EMBED, RERANK, Kind
from tests.oci.conftest import BUILD_SECONDS
from tests.oci.engine import HARDENED, Container, Engine

SIZE_TOLERANCE = 0.05
CONFIGURED = ("Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "User", "WorkingDir")
PACKAGES = "from importlib.metadata import distributions as d; print(sorted((p.name, p.version) for p in d()))"


def build(engine: Engine, context: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`docker build` of the Dockerfile."""
    # Only podman reads the variable; see scripts/build_image.sh.
    config = os.environ.get("OCI_BUILD_CONF")
    return subprocess.run(
        [engine.program, "build", "-f", "deploy/images/Dockerfile", *arguments, "."],
        cwd=context,
        env=os.environ | ({"CONTAINERS_CONF": config} if config else {}) | {"BUILDAH_FORMAT": "docker"},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
    )


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that git would clone, in a folder of their own."""
    folder = tmp_path_factory.mktemp("clone")
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def plain(engine: Engine, clone: Path) -> Iterator[dict[str, str]]:
    """Images of both services by name, built with small models."""
    images = {kind.name: f"{kind.name}:oci-test-plain" for kind in (EMBED, RERANK)}
    for name, image in images.items():
        built = build(engine, clone, "--build-arg", f"SERVICE={name.removesuffix('-service')}", "-t", image)
        assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    yield images
    engine.run("rmi", "-f", *images.values(), check=False)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["SERVICE=rernk"], "There is no service 'rernk': give --build-arg SERVICE=embed or SERVICE=rerank."),
        ([], "There is no service '': give --build-arg SERVICE=embed or SERVICE=rerank."),
        (
            ["SERVICE=embed", "MODELS=prod"],
            "MODELS=prod is not a preset of two models: choose small or production.",
        ),
    ],
)
def test_a_service_or_preset_that_there_is_not_is_refused(
    engine: Engine, clone: Path, arguments: list[str], sentence: str
) -> None:
    built = build(engine, clone, *(part for argument in arguments for part in ("--build-arg", argument)))
    assert built.returncode != 0
    assert sentence in built.stdout + built.stderr


def test_both_ways_lead_to_the_same_image(
    engine: Engine, images: dict[str, str], plain: dict[str, str], kind: Kind
) -> None:
    ours, theirs = (engine.inspect("image", built[kind.name]) for built in (images, plain))
    assert theirs["Size"] == pytest.approx(ours["Size"], rel=SIZE_TOLERANCE)
    assert {name: theirs["Config"].get(name) for name in CONFIGURED} == {
        name: ours["Config"].get(name) for name in CONFIGURED
    }
    labels = theirs["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == kind.name
    assert labels["org.opencontainers.image.version"] == VERSION
    packages = [
        engine.run("run", "--rm", "--entrypoint", "python", built[kind.name], "-c", PACKAGES)
        for built in (images, plain)
    ]
    assert packages[0] == packages[1]
    assert "bentoml" in packages[0]


def test_both_ways_lead_to_the_same_service(
    engine: Engine, images: dict[str, str], plain: dict[str, str], kind: Kind
) -> None:
    assert info(engine, kind, plain[kind.name]) == info(engine, kind, images[kind.name])


def info(engine: Engine, kind: Kind, image: str) -> Any:
    """What `/info` of a container of the image answers, but for the memory that it happens to use."""
    with Container(engine, kind, image, (*HARDENED, "--network", "none", "--memory", "1g")) as container:
        container.wait_until_ready()
        url = f"http://127.0.0.1:{container.port}/info"
        answer = json.loads(container.python(f"import urllib.request as r; print(r.urlopen('{url}').read().decode())"))
        del answer["resources"]["resident_bytes"]
        return answer
