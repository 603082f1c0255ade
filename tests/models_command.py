"""Runs the command that installs models, as a user would."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMMAND_SECONDS = 1800


def run_models_command(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m scripts.models` with `home` as BENTOML_HOME; no hub unless `environment` names one."""
    return run_models_command_with(Path(sys.executable), home, *arguments, **environment)


def run_models_command_with(
    python: Path, home: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same with another environment's interpreter."""
    return subprocess.run(
        [str(python), "-m", "scripts.models", *arguments],
        cwd=ROOT,
        env=os.environ | {"BENTOML_HOME": str(home), "HF_HUB_OFFLINE": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
