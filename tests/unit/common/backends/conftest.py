"""The two small models, converted once to every precision."""

import subprocess
import sys
from pathlib import Path

import pytest

from bentos.common.backends.openvino import supports_bf16
from bentos.common.models import store
from tests import model_stores
from tests.models_command import ROOT

MODELS = {"encoder": "sentence-transformers/all-MiniLM-L6-v2", "cross-encoder": "duobento/small-reranker-demo"}
PRECISIONS = ("fp32", "bf16", "int8") if supports_bf16() else ("fp32", "int8")


def installed(model_id: str, home: Path) -> Path:
    """Folder of a torch original."""
    return store.find(model_id, home=home, backend="torch").path


@pytest.fixture(scope="session")
def conversions(model_store: Path, pytestconfig: pytest.Config) -> Path:
    """Folders of both models in every precision, as `kind/precision`; tests only read them."""

    def convert(root: Path) -> None:
        for kind, model_id in MODELS.items():
            (root / kind).mkdir()
            folder = str(installed(model_id, model_store))
            command = [sys.executable, "-m", "tests.unit.common.backends.convert", kind, folder, str(root / kind)]
            subprocess.run([*command, *PRECISIONS], cwd=ROOT, check=True, timeout=300)

    return model_stores.kept(pytestconfig, "-".join((model_store.name, *PRECISIONS)), convert)
