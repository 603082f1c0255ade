"""Virtual environments of the peers, made and filled on first use."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.served import ROOT
from scripts.install_packages import uv_environment

_REQUIREMENTS = Path(__file__).parent / "requirements"
_INCLUDED = "-r "
_STAMP = "requirements.sha256"


class InstallFailed(RuntimeError):
    """A peer cannot be installed here; the message is the last line of what the installer said."""


def environment(requirements: str, work: Path, python: str | None = None) -> Path:
    """Python of the environment for `requirements/<name>.txt`, installed if it is not, or is another version.

    Args:
        requirements: name of the file.
        work: keeps the environments.
        python: the version of Python as uv reads it; None is that of this process.

    Raises:
        InstallFailed: there is no such Python, or uv or pip failed.
    """
    lines = list(_lines(requirements))
    folder = work / "venvs" / requirements
    program = folder / "bin" / "python"
    digest = hashlib.sha256("\n".join([*lines, python or sys.version]).encode()).hexdigest()
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text() == digest:
        return program
    shutil.rmtree(folder, ignore_errors=True)
    _uv("venv", "--seed", "--python", python or sys.executable, str(folder))
    if torch := versions(requirements).get("torch"):
        run(["sh", "scripts/install_torch.sh", str(program), "cpu", torch])
    # The file is complete; --no-deps keeps uv from looking for other builds of torch.
    _uv("pip", "install", "--python", str(program), "--no-deps", "-r", str(_file(requirements)))
    stamp.write_text(digest)
    return program


def versions(requirements: str) -> dict[str, str]:
    """Versions of all packages in `requirements/<name>.txt`, by name as written there, lower case."""
    pairs = (line.split("==") for line in _lines(requirements))
    return {name.lower(): version for name, version in pairs}


def run(command: list[str], variables: Mapping[str, str] | None = None, folder: Path = ROOT) -> None:
    """Run a command quietly.

    Args:
        variables: besides those of this process.
        folder: that it runs in.

    Raises:
        InstallFailed: it failed, or is not there.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **(variables or {})}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise InstallFailed(f"{error.filename} is not there") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InstallFailed(said[-1] if said else f"{command[0]} ended with status {done.returncode}")


def _uv(*arguments: str) -> None:
    """Run uv with pip's configuration; it finds Pythons on this machine, pyenv's among them, or downloads one."""
    config = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    path = os.pathsep.join([os.environ["PATH"], *map(str, sorted(pyenv.glob("versions/*/bin")))])
    uv = str(Path(sys.executable).with_name("uv"))
    run([uv, *arguments, "--quiet"], {**uv_environment(config.stdout), "PATH": path})


def _lines(requirements: str) -> Iterator[str]:
    """Lines with a package, those of included files as well."""
    for line in _file(requirements).read_text().splitlines():
        if line.startswith(_INCLUDED):
            yield from _lines(line.removeprefix(_INCLUDED).removesuffix(".txt"))
        elif line and not line.startswith("#"):
            yield line


def _file(requirements: str) -> Path:
    return _REQUIREMENTS / f"{requirements}.txt"
