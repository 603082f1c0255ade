"""What a GPU has to have before a model is loaded on it; what it lacks is said in one sentence."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from bentos.common.backends.interface import Backend, DeviceUnusable, TokenRow
from bentos.common.resources import has_nvidia_gpu

_log = logging.getLogger(__name__)
_GIB = 2**30
_WEIGHTS = "*.safetensors"
_SHORT_ROW = 16


@contextmanager
def gpu_errors() -> Iterator[None]:
    """Say what goes wrong on the GPU in one sentence.

    Raises:
        DeviceUnusable: instead of PyTorch's errors of the GPU; others pass.
    """
    try:
        yield
    except DeviceUnusable:
        raise
    except torch.OutOfMemoryError:
        raise DeviceUnusable(
            "The GPU has too little memory for the model and a full micro-batch: use a larger one, end what else "
            "computes on it, or lower MAX_BATCH_TOKENS."
        ) from None
    except RuntimeError as error:
        if "CUDA" not in str(error):
            raise
        raise DeviceUnusable(f"The GPU cannot be used ({_first_sentence(error)}).") from error


def choose_device(asked: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """Where to compute: on a GPU if there is one, unless the settings say otherwise.

    Raises:
        DeviceUnusable: they ask for a GPU, and there is none that PyTorch can use.
    """
    if asked == "cpu":
        return "cpu"
    missing = _what_is_missing()
    if missing and asked == "cuda":
        raise DeviceUnusable(f"The settings ask for device cuda, but {missing}: use device cpu or auto.")
    if missing and has_nvidia_gpu():
        _log.warning("There is a GPU here, but %s: the model runs on the CPU.", missing)
    return "cpu" if missing else "cuda"


@gpu_errors()
def choose_precision(asked: str, device: Literal["cpu", "cuda"]) -> str:
    """bf16 where a GPU has it, else fp32, unless the settings say otherwise.

    Raises:
        DeviceUnusable: they ask for bf16, and the GPU has none.
    """
    if device == "cpu":
        return "fp32" if asked == "auto" else asked
    has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    if asked == "bf16" and not has_bf16:
        raise DeviceUnusable(f"The GPU, {torch.cuda.get_device_name()}, has no bf16: use precision fp32 or auto.")
    if asked == "auto":
        return "bf16" if has_bf16 else "fp32"
    return asked


@gpu_errors()
def check_free_memory(folder: Path, precision: str) -> None:
    """Refuse a model whose weights alone are larger than the GPU's free memory.

    Args:
        folder: the installed model, with fp32 weights.
        precision: in which they will be computed.

    Raises:
        DeviceUnusable: they are.
    """
    stored = sum(file.stat().st_size for file in folder.glob(_WEIGHTS))
    needed = stored // 2 if precision == "bf16" else stored
    free, total = torch.cuda.mem_get_info()
    if needed > free:
        raise DeviceUnusable(
            f"The model needs {needed / _GIB:.1f} GiB of GPU memory at least, but of {total / _GIB:.1f} GiB only "
            f"{free / _GIB:.1f} are free: use a larger GPU, or end what else computes on this one."
        )


def check_largest_batch(backend: Backend, tokens: int) -> None:
    """Compute the largest micro-batch once, so that it does not run out of memory later.

    Args:
        backend: loaded on the GPU.
        tokens: that a micro-batch may have.

    Raises:
        torch.OutOfMemoryError: it does not fit.
    """
    row = TokenRow(np.zeros(_SHORT_ROW, np.int32), np.zeros(_SHORT_ROW, np.int32))
    backend.infer([row] * max(1, tokens // _SHORT_ROW))


def _what_is_missing() -> str | None:
    """Why PyTorch cannot compute on a GPU; none if it can."""
    if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        return f"PyTorch {torch.__version__} is a build without CUDA (TORCH=cuda installs the other)"
    if torch.cuda.is_available():
        return None
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:
        return f"PyTorch finds no usable GPU ({_first_sentence(error)})"
    return "PyTorch finds no GPU"


def _first_sentence(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".")
