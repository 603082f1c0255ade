"""Everything that serving needs is a wheel on each platform that README names: nothing is compiled in the first minute.

uv resolves the locks for a platform as it would there, with the index's own list of files, and installs nothing.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.install_packages import uv_environment
from tests.http.server import ROOT

pytestmark = pytest.mark.index

LOCKS = ("serve", "embed", "rerank")
# The oldest C library, and the oldest macOS, with a wheel of every package.
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_35", "aarch64-apple-darwin")
RESOLVE_SECONDS = 300


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_locked_package_has_a_wheel(platform: str, python: str, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "config", "list"]
    config = subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    command = [
        str(Path(sys.executable).with_name("uv")),
        "pip",
        "install",
        "--dry-run",
        "--no-deps",
        "--target",
        str(tmp_path),
    ]
    command += ["--only-binary", ":all:", "--python-platform", platform, "--python-version", python]
    command += [part for lock in LOCKS for part in ("-r", f"requirements/{lock}.txt")]
    resolved = subprocess.run(
        command,
        cwd=ROOT,
        env={**uv_environment(config), **os.environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=RESOLVE_SECONDS,
    )
    assert resolved.returncode == 0, resolved.stderr
    assert "openvino==" in resolved.stderr
