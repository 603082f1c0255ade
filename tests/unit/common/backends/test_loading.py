"""A model that cannot run ends in one sentence that says what to do."""

import shutil
from collections.abc import Callable
from pathlib import Path

import openvino
import pytest

from bentos.common.backends import loading
from bentos.common.backends import openvino as openvino_backend
from bentos.common.backends.openvino import MODEL_FILE
from bentos.common.settings import EngineSettings
from tests.unit.common.backends.conftest import MODELS, installed

WEIGHTS_FILE = MODEL_FILE.replace(".xml", ".bin")


@pytest.fixture
def folder(conversions: Path, tmp_path: Path) -> Path:
    """A copy of a converted encoder, to be damaged."""
    return shutil.copytree(conversions / "encoder" / "int8", tmp_path / "model")


def load(folder: Path, precision: str = "int8") -> object:
    return loading.load_openvino(folder, precision, "mean", 256, EngineSettings(), activation_group_size=None)


def _halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


@pytest.mark.parametrize("name", [MODEL_FILE, WEIGHTS_FILE])
@pytest.mark.parametrize(
    "damage", [_halve, lambda file: file.write_bytes(b""), Path.unlink], ids=["half", "empty", "gone"]
)
def test_damaged_files(folder: Path, name: str, damage: Callable[[Path], object]) -> None:
    damage(folder / name)
    with pytest.raises(
        RuntimeError, match=r"do not load; install the model again with --force \(RuntimeError: .+\)\.$"
    ):
        load(folder)


@pytest.mark.torch
def test_damaged_weights_of_an_original(model_store: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(installed(MODELS["encoder"], model_store), tmp_path / "model")
    [weights] = folder.glob("*.safetensors")
    _halve(weights)
    with pytest.raises(RuntimeError, match="do not load; install the model again with --force"):
        loading.load_torch(folder, "encoder", EngineSettings())


@pytest.mark.torch
def test_a_precision_that_torch_has_not(model_store: Path) -> None:
    folder = installed(MODELS["encoder"], model_store)
    with pytest.raises(RuntimeError, match=r"^PyTorch computes in fp32 and bf16, not in int8"):
        loading.load_torch(folder, "encoder", EngineSettings(precision="int8"))


def test_a_graph_of_another_version(folder: Path) -> None:
    mask = openvino.opset13.parameter([1, -1], openvino.Type.i32, name="attention_mask")
    graph = openvino.Model([openvino.opset13.relu(mask)], [mask], "padded")
    openvino.save_model(graph, folder / MODEL_FILE)
    with pytest.raises(RuntimeError, match=r"again with --force \(.*converted by another version"):
        load(folder)


def test_a_processor_without_bf16(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_backend, "supports_bf16", lambda _: False)
    with pytest.raises(RuntimeError, match=r"^This CPU has no bf16 instructions: use precision int8 or fp32\.$"):
        load(folder, "bf16")


def test_too_little_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "memory_limit", lambda: 64 * 2**20)
    with pytest.raises(RuntimeError, match=r"needs 0\.1 GiB at least, but .* 0\.1 GiB: raise the memory limit"):
        load(folder)
