"""OpenVINO reports to its makers by default; here it must not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models_command import ROOT


@pytest.mark.parametrize("module", ["bentos.common.backends.openvino", "scripts.models.conversion.artefact"])
def test_nothing_is_reported(tmp_path: Path, module: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, env=environment, check=True, timeout=120)
    # The reporter's first step is to note an id and a count of uses there.
    assert not (tmp_path / "intel").exists()
