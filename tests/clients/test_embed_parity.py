"""embed-parity compares text-embeddings-inference's dialect with sentence-transformers, as its users run it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bentos.common.models import store
from tests.http.services import Service
from tests.http.shared import E5

pytestmark = pytest.mark.tools

_RUN_SECONDS = 600


def test_small_e5_passes(e5: Service, home: Path, tmp_path: Path) -> None:
    model = tmp_path / E5  # a folder of the model's name, as the tool compares names, too
    model.parent.mkdir()
    model.symlink_to(store.find(E5, home=home).path)
    done = subprocess.run(
        [sys.executable, "-m", "embed_parity.cli", "compare", "--model", E5, "--tei", e5.server.url],
        cwd=tmp_path,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        timeout=_RUN_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
