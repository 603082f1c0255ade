"""Virtual environments of the peers, made and filled on first use."""

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.served import ROOT

_REQUIREMENTS = Path(__file__).parent / "requirements"
_STAMP = "requirements.sha256"


class InstallFailed(RuntimeError):
    """A peer's packages cannot be installed here; the message is the last line of what pip said."""


def environment(requirements: str, work: Path) -> Path:
    """Python of the environment for `requirements/<name>.txt`, installed if it is not, or is another version.

    Raises:
        InstallFailed: pip failed.
    """
    file = _REQUIREMENTS / f"{requirements}.txt"
    folder = work / "venvs" / requirements
    python = folder / "bin" / "python"
    digest = hashlib.sha256(file.read_bytes() + sys.version.encode()).hexdigest()
    stamp = folder / _STAMP
    if stamp.is_file() and stamp.read_text() == digest:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    if "torch" in versions(requirements):
        _run(["sh", "scripts/install_torch.sh", str(python), "cpu"])
    # The file is complete; --no-deps keeps pip from looking for other builds of torch.
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", str(file)])
    stamp.write_text(digest)
    return python


def versions(requirements: str) -> dict[str, str]:
    """Versions of all packages in `requirements/<name>.txt`, by name as written there, lower case."""
    lines = (_REQUIREMENTS / f"{requirements}.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {name.lower(): version for name, version in pairs}


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise InstallFailed(said[-1] if said else f"{command[0]} ended with status {done.returncode}")
