"""Whatever the OpenAPI documents allow, and what they do not, is answered as they say, and never by a fault of ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.http.services import Service

pytestmark = pytest.mark.fuzz

CONFIG = Path(__file__).with_name("schemathesis.toml")


def test_answers_are_as_the_document_says(service: Service, tmp_path: Path) -> None:
    """More than 500 requests made from each document, valid ones and broken ones."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(CONFIG), "run", f"{service.server.url}/openapi.json", "--no-color"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
