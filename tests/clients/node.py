"""The npm packages, installed once per lock file and kept between runs."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests import programs

FOLDER = Path(__file__).parent / "javascript"
_INSTALL_SECONDS = 300
_RUN_SECONDS = 120


def install(cache: Path) -> Path:
    """Folder with the packages of package-lock.json, for scripts to be copied to."""
    for program in ("node", "npm"):
        programs.require(program)
    lock = FOLDER / "package-lock.json"
    target = cache / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]
    installed = target / "installed"
    if not installed.exists():
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for file in (lock, FOLDER / "package.json"):
            shutil.copy(file, target)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(
            command, cwd=target, timeout=_INSTALL_SECONDS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        installed.touch()
    return target


class Node:
    """Runs scripts beside the installed packages.

    Args:
        packages: what `install` returned.
        folder: gets the scripts, and a link to the packages.
    """

    def __init__(self, packages: Path, folder: Path) -> None:
        self._folder = folder
        (folder / "node_modules").symlink_to(packages / "node_modules")
        shutil.copy(FOLDER / "package.json", folder)

    def run(self, script: Path, variables: Mapping[str, str]) -> str:
        """Standard output of a script; files beside it are there too."""
        for file in script.parent.glob("*.mjs"):
            shutil.copy(file, self._folder)
        done = subprocess.run(
            ["node", script.name],
            cwd=self._folder,
            env=os.environ | variables,
            timeout=_RUN_SECONDS,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def report(self, script: str, variables: Mapping[str, str]) -> dict[str, Any]:
        """What the calls of a script in `javascript/` returned, by name."""
        found: dict[str, Any] = json.loads(self.run(FOLDER / script, variables))
        return found
