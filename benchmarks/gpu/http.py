"""The second part: the service over HTTP, in processes of its own, where its packages are installed."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_SECONDS = 300


def over_http(model: str) -> dict[str, Any]:
    """Figures of `benchmarks.http_overhead` for an installed encoder, on PyTorch.

    Raises:
        subprocess.SubprocessError: it failed, or took longer than five minutes.
    """
    with TemporaryDirectory(prefix="gpu-benchmark-") as work:
        file = Path(work, "figures.json")
        command = [sys.executable, "-m", "benchmarks.http_overhead", "--model", model, "--backend", "torch"]
        subprocess.run([*command, "--rounds", "2", "--json", str(file)], check=True, timeout=_SECONDS)
        figures: dict[str, Any] = json.loads(file.read_text())
    return figures
