"""Node.js, with the npm packages of all JavaScript clients, which `make npm-packages` installs."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import programs

FOLDER = Path(__file__).parent / "javascript"
PACKAGES = FOLDER / "node_modules"
_RUN_SECONDS = 120


class Node:
    """Runs scripts beside the installed packages.

    Args:
        folder: gets the scripts, and a link to the packages.
    """

    def __init__(self, folder: Path) -> None:
        self._program = programs.require("node")
        if not (PACKAGES / ".package-lock.json").is_file():
            pytest.skip("the npm packages are missing: make npm-packages installs them")
        self._folder = folder
        (folder / "node_modules").symlink_to(PACKAGES)
        shutil.copy(FOLDER / "package.json", folder)

    def run(self, script: Path, variables: Mapping[str, str]) -> str:
        """Standard output of a script; files beside it are there too."""
        for file in script.parent.glob("*.mjs"):
            shutil.copy(file, self._folder)
        done = subprocess.run(
            [self._program, script.name],
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
