"""Shared by all tests: a model store with the three small models, prepared once and kept between runs."""

import hashlib
import os
import shutil
import time
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.models_command import ROOT, run_models_command

INSTALLER = [
    ROOT / "bentos" / "common" / "model_store.py",
    ROOT / "scripts" / "models",
    ROOT / "requirements",
]
UNUSED_AFTER_S = 24 * 3600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with OpenVINO in this process come last: one that forks and sends itself signals crashed after them."""
    last = ("conversion", "backends")
    items.sort(key=lambda item: any(part in item.path.parts for part in last))


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
