"""What a user reads when packages cannot be installed: what to do, in one line, where the cause is known."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.http.server import ROOT

pytestmark = pytest.mark.packages

BROKEN = "WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection'"
NOTHING = "ERROR: No matching distribution found for torch"


def complaint(folder: Path, *lines: str) -> tuple[int, list[str]]:
    """Exit code and lines on standard error when pip fails with these."""
    pip = folder / "python"
    pip.write_text("#!/bin/sh\ncat >&2 <<'END'\n" + "\n".join(lines) + "\nEND\nexit 7\n")
    pip.chmod(0o755)
    command = ["sh", "scripts/pip_install.sh", str(pip), "torch"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize(
    ("lines", "beginning"),
    [
        ([BROKEN] * 5 + [NOTHING], "The package index does not answer: "),
        (["ERROR: [Errno 28] No space left on device: '/heron'"], "The disk is full: "),
    ],
)
def test_a_known_cause_is_one_line_that_says_what_to_do(tmp_path: Path, lines: list[str], beginning: str) -> None:
    code, shown = complaint(tmp_path, *lines)
    assert code == 7
    [line] = shown
    assert line.startswith(beginning)
    assert line.endswith("run make again.")


def test_of_any_other_cause_all_is_shown(tmp_path: Path) -> None:
    assert complaint(tmp_path, "ERROR: heron", NOTHING) == (7, ["ERROR: heron", NOTHING])
