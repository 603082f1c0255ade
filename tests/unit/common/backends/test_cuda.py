"""A GPU that cannot be used ends in one sentence that says what to do.

What PyTorch says of a GPU is put in its mouth here: none is needed, and none is used where there is one.
"""

from pathlib import Path
from typing import Literal

import pytest
import torch

from bentos.common import resources
from bentos.common.backends import cuda, loading
from bentos.common.backends.interface import DeviceUnusable
from bentos.common.settings import EngineSettings
from tests.unit.common.backends.conftest import MODELS, installed

pytestmark = pytest.mark.torch

GIB = 2**30
NO_DRIVER = "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU\nand a driver."


@pytest.fixture
def without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's CPU build."""
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: False)


@pytest.fixture
def without_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def init() -> None:
        raise RuntimeError(NO_DRIVER)

    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "init", init)


@pytest.fixture
def old_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without bf16, of 15 GiB, with half a GiB free."""
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *, including_emulation: including_emulation)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla T4")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (GIB // 2, 15 * GIB))


@pytest.mark.usefixtures("without_cuda")
def test_torch_without_cuda(model_store: Path) -> None:
    folder = installed(MODELS["encoder"], model_store)
    with pytest.raises(
        DeviceUnusable,
        match=r"^The settings ask for device cuda, but PyTorch 2\.\S+ is a build without CUDA "
        r"\(TORCH=cuda installs the other\): use device cpu or auto\.$",
    ):
        loading.load_torch(folder, "encoder", EngineSettings(device="cuda"))


@pytest.mark.usefixtures("without_driver")
def test_no_driver() -> None:
    with pytest.raises(
        DeviceUnusable, match=r"but PyTorch finds no usable GPU \(Found no NVIDIA driver on your system\): use device"
    ):
        cuda.choose_device("cuda")


@pytest.mark.usefixtures("without_driver")
@pytest.mark.parametrize("there", [True, False])
def test_auto_computes_on_the_processor_and_says_so_where_a_gpu_is_seen(
    there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(resources, "_NVIDIA_GPU", tmp_path if there else tmp_path / "none")
    assert cuda.choose_device("auto") == "cpu"
    assert ("There is a GPU here, but PyTorch finds no usable GPU" in caplog.text) == there


@pytest.mark.usefixtures("old_gpu")
def test_a_gpu_without_bf16() -> None:
    with pytest.raises(DeviceUnusable, match=r"^The GPU, Tesla T4, has no bf16: use precision fp32 or auto\.$"):
        cuda.choose_precision("bf16", "cuda")
    assert cuda.choose_precision("auto", "cuda") == "fp32"
    assert cuda.choose_precision("auto", "cpu") == "fp32"


@pytest.mark.usefixtures("old_gpu")
def test_too_little_gpu_memory_for_the_weights(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.touch()
    with weights.open("r+b") as file:
        file.truncate(2 * GIB)  # a file of holes
    message = r"^The model needs 1\.0 GiB of GPU memory at least, but of 15\.0 GiB only 0\.5 are free: use a larger GPU"
    with pytest.raises(DeviceUnusable, match=message):
        cuda.check_free_memory(tmp_path, "bf16")


ERRORS: list[tuple[RuntimeError, Literal["memory", "device"]]] = [
    (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), "memory"),
    (
        RuntimeError("CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors"),
        "device",
    ),
]


@pytest.mark.parametrize(("error", "kind"), ERRORS)
def test_errors_of_the_gpu_become_one_sentence(error: RuntimeError, kind: str) -> None:
    sentences = {
        "memory": r"^The GPU has too little memory for the model and a full micro-batch: .* MAX_BATCH_TOKENS\.$",
        "device": r"^The GPU cannot be used \(CUDA error: no kernel image is available.* on the device\)\.$",
    }
    with pytest.raises(DeviceUnusable, match=sentences[kind]), cuda.gpu_errors():
        raise error


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="the weights do not fit"), cuda.gpu_errors():
        raise RuntimeError("the weights do not fit the configuration")
