"""Model stores for tests, kept between runs, each made by the command that users run and by one test run at a time.

Conversions that no command makes are kept beside them.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests import serve_environment
from tests.models_command import ROOT, run_models_command_with

INSTALLER = [
    ROOT / "bentos" / "common" / "models",
    ROOT / "scripts" / "models",
    ROOT / "requirements" / "dev.txt",
]
UNUSED_AFTER_S = 24 * 3600


def model_store(config: pytest.Config, name: str, *installs: tuple[str, ...]) -> Path:
    """BENTOML_HOME with models that tests only read.

    Kept in DUOBENTO_TEST_STORE, else in pytest's cache, in a folder named after the installer's sources and what was
    installed.

    Args:
        config: of this run.
        name: of the store.
        installs: arguments of `python -m scripts.models install`, one call each.
    """
    python = serve_python(config)  # without PyTorch, as `make serve` does it: that would take most of the time
    return kept(config, f"{_version(installs)}{name}", lambda building: _install(python, building, installs))


def serve_python(config: pytest.Config) -> Path:
    """The interpreter of an environment without PyTorch."""
    name = f"{serve_environment.version()}-serve-environment"
    return kept(config, name, serve_environment.make) / "bin" / "python"


def kept(config: pytest.Config, name: str, fill: Callable[[Path], None]) -> Path:
    """A folder that is filled by the first test run that wants it, and removed when none has for a day."""
    configured = os.environ.get("DUOBENTO_TEST_STORE")
    stores = Path(configured) if configured else config.cache.mkdir("model-stores")
    stores.mkdir(parents=True, exist_ok=True)
    store = stores / name
    with _alone(stores / f".{name}.lock"):
        if not store.is_dir():
            building = Path(mkdtemp(prefix="building-", dir=stores))
            try:
                fill(building)
                building.rename(store)
            finally:
                shutil.rmtree(building, ignore_errors=True)
        os.utime(store)
    for other in stores.iterdir():
        if other.is_dir() and time.time() - other.stat().st_mtime > UNUSED_AFTER_S:
            shutil.rmtree(other, ignore_errors=True)
    return store


def _install(python: Path, building: Path, installs: tuple[tuple[str, ...], ...]) -> None:
    for arguments in installs:
        done = run_models_command_with(python, building, "install", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """A block that no other process is in with the same file."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _version(installs: tuple[tuple[str, ...], ...]) -> str:
    digest = hashlib.sha256(repr(installs).encode())
    for source in INSTALLER:
        for file in sorted([source, *source.rglob("*")]):
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
