"""Both images, built once as a user builds them, and what runs beside them."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.server import ROOT
from tests.http.services import EMBED, RERANK, Kind
from tests.oci.engine import HARDENED, Container, Engine, engine_or_skip

TAG = "oci-test"
NETWORK = "duobento-test"
BUILD_SECONDS = 1200
REDIS = "docker.io/library/redis:8"
NGINX = "docker.io/library/nginx:1.28"


@pytest.fixture(scope="session")
def engine() -> Engine:
    return Engine(engine_or_skip())


@pytest.fixture(scope="session")
def images(
    engine: Engine, converted_store: Path, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[dict[str, str]]:
    """The images by service name, built by `make images` with the small models; their sizes are printed.

    DUOBENTO_TEST_IMAGES names the tag of images that are there already, to be kept.
    """
    if kept := os.environ.get("DUOBENTO_TEST_IMAGES"):
        yield {kind.name: f"{kind.name}:{kept}" for kind in (EMBED, RERANK)}
        return
    home = tmp_path_factory.mktemp("images-home")
    (home / "models").symlink_to(converted_store / "models")
    built = subprocess.run(
        ["make", "images", f"TAG={TAG}", f"ENGINE={engine.program}"],
        cwd=ROOT,
        env=os.environ | {"BENTOML_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
    )
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    images = {kind.name: f"{kind.name}:{TAG}" for kind in (EMBED, RERANK)}
    for image in images.values():
        size = engine.inspect("image", image)["Size"] / 1e6
        pytestconfig.get_terminal_writer().line(f"\n{image}: {size:.0f} MB, its model included")
    yield images
    engine.run("rmi", "-f", *images.values(), check=False)


@pytest.fixture(params=[EMBED, RERANK], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture(scope="session")
def network(engine: Engine) -> Iterator[str]:
    engine.run("network", "rm", "-f", NETWORK, check=False)
    engine.run("network", "create", NETWORK)
    yield NETWORK
    engine.run("network", "rm", "-f", NETWORK, check=False)


@pytest.fixture(scope="module")
def pair(engine: Engine, images: dict[str, str], network: str) -> Iterator[dict[str, Container]]:
    """Both services by name, as the guide's manual commands start them: limits, one network, restart policy."""
    limits = {EMBED.name: ("--memory", "2g", "--cpus", "1.5"), RERANK.name: ("--memory", "1g", "--cpus", "1")}
    options = (*HARDENED, "--network", network, "--restart", "unless-stopped")
    containers = {
        kind.name: Container(
            engine,
            kind,
            images[kind.name],
            (*options, *limits[kind.name], "--network-alias", kind.name, "-p", f"127.0.0.1::{port}"),
            name=f"duobento-test-pair-{kind.name}",
        )
        for kind, port in ((EMBED, 5555), (RERANK, 5556))
    }
    with containers[EMBED.name] as embed, containers[RERANK.name] as rerank:
        embed.wait_until_ready()
        rerank.wait_until_ready()
        yield containers


@pytest.fixture(scope="session")
def official_images(engine: Engine) -> None:
    """Redis and nginx by their official names: pulled, or where no registry is reached built from Debian's packages."""
    stand_ins = Path(__file__).parent / "stand_ins"
    for name, image in (("redis", REDIS), ("nginx", NGINX)):
        if engine.run("image", "inspect", image, check=False) not in ("", "[]"):
            continue
        if subprocess.run([engine.program, "pull", "-q", image], capture_output=True, check=False).returncode:
            engine.run("build", "-t", image, "-f", str(stand_ins / f"{name}.Containerfile"), str(stand_ins))
