"""The two small models, converted once to every precision."""

import subprocess
import sys
from pathlib import Path

import pytest

from bentos.common.backends.openvino import supports_bf16
from bentos.common.models import store as model_store
from tests.models_command import ROOT

MODELS = {"encoder": "sentence-transformers/all-MiniLM-L6-v2", "cross-encoder": "duobento/small-reranker-demo"}
PRECISIONS = ("fp32", "bf16", "int8") if supports_bf16() else ("fp32", "int8")


def installed(model_id: str, home: Path) -> Path:
    """Folder of a torch original."""
    return model_store.find(model_id, home=home, backend="torch").path


@pytest.fixture(scope="session")
def conversions(model_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of both models in every precision, as `kind/precision`."""
    root = tmp_path_factory.mktemp("converted")
    for kind, model_id in MODELS.items():
        (root / kind).mkdir()
        folder = str(installed(model_id, model_store))
        command = [sys.executable, "-m", "tests.unit.common.backends.convert", kind, folder, str(root / kind)]
        subprocess.run([*command, *PRECISIONS], cwd=ROOT, check=True, timeout=300)
    return root
