"""torch is installed from the first place that has its CPU build, else as PyPI has it; never is it refused."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.http.server import ROOT

PYTORCHS = "https://download.pytorch.org/whl/cpu"
# A pip that notes its arguments, and finds the CPU build only in the indexes that the test names.
_PIP = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
*+cpu*) case "$*" in *--index-url*) place=pytorch ;; *) place=own ;; esac
    case " $PLACES " in *" $place "*) exit 0 ;; *) echo "ERROR: No matching distribution" >&2; exit 1 ;; esac ;;
esac
"""


class Installation:
    """One run of the script: what pip was asked for, one call each, and what the user saw."""

    def __init__(self, folder: Path, build: str, *, places: str = "", system: str = "Linux") -> None:
        for name, content in (("python", _PIP), ("uname", f"#!/bin/sh\necho {system}\n")):
            (folder / name).write_text(content)
            (folder / name).chmod(0o755)
        variables = {"PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(folder / "calls"), "PLACES": places}
        done = subprocess.run(
            ["sh", "scripts/install_torch.sh", str(folder / "python"), build],
            cwd=ROOT,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        self.code, self.shown, self.complaints = done.returncode, done.stdout, done.stderr
        file = folder / "calls"
        self.calls = file.read_text().splitlines() if file.exists() else []


@pytest.fixture(scope="module")
def version() -> str:
    [line] = [line for line in (ROOT / "requirements" / "dev.txt").read_text().splitlines() if "torch==" in line]
    return line.removeprefix("torch==")


def test_pips_own_sources_come_first(tmp_path: Path, version: str) -> None:
    done = Installation(tmp_path, "cpu", places="own pytorch")
    assert done.code == 0
    [call] = done.calls
    assert call.endswith(f"--no-deps torch=={version}+cpu")
    assert PYTORCHS not in call


def test_pytorchs_index_comes_second(tmp_path: Path, version: str) -> None:
    done = Installation(tmp_path, "cpu", places="pytorch")
    assert done.code == 0
    assert PYTORCHS in done.calls[-1]
    assert done.calls[-1].endswith(f"torch=={version}+cpu")


def test_where_only_pypi_is_within_reach_its_build_is_taken_and_its_size_said(tmp_path: Path, version: str) -> None:
    done = Installation(tmp_path, "cpu")
    assert (done.code, done.complaints) == (0, "")
    assert done.calls[-1].endswith(f" torch==={version}")
    assert "--no-deps" not in done.calls[-1]
    assert "about 3 GB" in done.shown


def test_on_other_systems_pypis_wheel_is_the_cpu_build(tmp_path: Path, version: str) -> None:
    [call] = Installation(tmp_path, "cpu", system="Darwin").calls
    assert call.endswith(f"--no-deps torch=={version}")


def test_cuda_takes_pypis_build_with_its_packages(tmp_path: Path, version: str) -> None:
    [call] = Installation(tmp_path, "cuda", places="own").calls
    assert call.endswith(f" torch==={version}")
    assert "--no-deps" not in call


def test_another_build_is_refused(tmp_path: Path) -> None:
    done = Installation(tmp_path, "rocm")
    assert (done.code, done.calls) == (2, [])
    assert done.complaints == "TORCH must be cpu or cuda, not 'rocm'.\n"
