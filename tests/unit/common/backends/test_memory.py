"""Memory does not grow with the number of shapes that a process has seen."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.models_command import ROOT


@pytest.mark.endurance
def test_ten_thousand_random_shapes_take_no_more_memory_than_a_thousand(conversions: Path) -> None:
    folder = str(conversions / "encoder" / "int8")
    command = [sys.executable, "-m", "tests.unit.common.backends.random_shapes", folder, "mean", "1000", "10000"]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=600)
    early, late = map(int, run.stdout.split())
    assert late <= 1.05 * early
