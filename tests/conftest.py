"""Shared by all tests: a model store with the three small models, kept between runs, and both services on them.

The services are started once per session, alone and behind the gateway.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.gateway.nginx import CLOSED_PORT, Gateway, finds_names_later
from tests.http.conftest import LOCKED_KEYS, LOCKED_ORIGIN
from tests.http.services import EMBED, QUICK_STOP, RERANK, Kind, Service, running
from tests.models_command import ROOT, run_models_command

INSTALLER = [
    ROOT / "bentos" / "common" / "model_profile.py",
    ROOT / "bentos" / "common" / "model_store.py",
    ROOT / "scripts" / "models",
    ROOT / "requirements",
]
UNUSED_AFTER_S = 24 * 3600

pytest_plugins = ["tests.selection", "tests.groups"]


@pytest.fixture(scope="session")
def model_store(pytestconfig: pytest.Config) -> Path:
    """BENTOML_HOME with all-MiniLM-L6-v2, the demo reranker and the multilingual E5; tests only read it.

    Kept in DUOBENTO_TEST_STORE, else in pytest's cache, in a folder named after the installer's sources.
    """
    configured = os.environ.get("DUOBENTO_TEST_STORE")
    stores = Path(configured) if configured else pytestconfig.cache.mkdir("model-stores")
    stores.mkdir(parents=True, exist_ok=True)
    store = stores / _installer_version()
    if not store.is_dir():
        _install_small_models(store)
    os.utime(store)
    for other in stores.iterdir():
        if time.time() - other.stat().st_mtime > UNUSED_AFTER_S:
            shutil.rmtree(other, ignore_errors=True)
    return store


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def home(model_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BENTOML_HOME with the prepared models, in which services may write beside them."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(model_store / "models")
    return home


@pytest.fixture(scope="session")
def embed(home: Path, logs: Path) -> Iterator[Service]:
    with running(EMBED, EMBED.serving | QUICK_STOP, home=home, log=logs / "embed.log") as service:
        yield service


@pytest.fixture(scope="session")
def rerank(home: Path, logs: Path) -> Iterator[Service]:
    with running(RERANK, RERANK.serving | QUICK_STOP, home=home, log=logs / "rerank.log") as service:
        yield service


@pytest.fixture(scope="session")
def locked_embed(home: Path, logs: Path) -> Iterator[Service]:
    yield from _locked(EMBED, home, logs)


@pytest.fixture(scope="session")
def locked_rerank(home: Path, logs: Path) -> Iterator[Service]:
    yield from _locked(RERANK, home, logs)


@pytest.fixture(scope="session", params=["locked_embed", "locked_rerank"])
def locked(request: pytest.FixtureRequest) -> Service:
    """Each service with a cache in memory and two keys, `LOCKED_KEYS`, open to the pages of `LOCKED_ORIGIN`."""
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(scope="session")
def gateway(embed: Service, rerank: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("gateway"), embed.server.address, rerank.server.address) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def without_rerank(embed: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Rerank-service is gone; its name is unknown where nginx can start so, else its port is closed."""
    absent = "rerank-service.invalid:5556" if finds_names_later() else CLOSED_PORT
    with Gateway(tmp_path_factory.mktemp("without-rerank"), embed.server.address, absent) as gateway:
        yield gateway


def _locked(kind: Kind, home: Path, logs: Path) -> Iterator[Service]:
    own = {"API_KEYS": ", ".join(LOCKED_KEYS), "CORS_ORIGINS": LOCKED_ORIGIN, "CACHE_URL": "memory"}
    with running(kind, kind.serving | QUICK_STOP | own, home=home, log=logs / f"locked-{kind.name}.log") as service:
        yield service


def _install_small_models(store: Path) -> None:
    building = Path(mkdtemp(prefix="building-", dir=store.parent))
    for preset in ("small", "small-e5"):
        done = run_models_command(building, "install", preset)
        assert done.returncode == 0, done.stdout + done.stderr
    try:
        building.rename(store)
    except OSError:  # another test run was faster
        shutil.rmtree(building)


def _installer_version() -> str:
    digest = hashlib.sha256()
    for source in INSTALLER:
        for file in sorted([source, *source.rglob("*")]):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
