"""Choosing and loading the backend of an installed model."""

from pathlib import Path
from typing import Literal

from bentos.common.backends.interface import Backend
from bentos.common.settings import EngineSettings


def load_backend(folder: Path, kind: Literal["encoder", "cross-encoder"], settings: EngineSettings) -> Backend:
    """Load a model on the runtime that the settings ask for. Takes seconds; call it off the event loop.

    Args:
        folder: the installed model.
        kind: what its outputs are.
        settings: backend, device, precision, streams and threads.

    Raises:
        RuntimeError: with one sentence, when the model cannot run as asked.
    """
    # Imported here: torch takes seconds to import and the probes must answer before that.
    import torch

    from bentos.common.backends.torch import TorchCrossEncoder, TorchEncoder

    device = settings.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("The settings ask for device cuda, but PyTorch finds no GPU: use device cpu or auto.")
    precision = settings.precision
    if precision == "auto":
        precision = "bf16" if device == "cuda" else "fp32"
    backend = TorchEncoder if kind == "encoder" else TorchCrossEncoder
    return backend(folder, device=device, precision=precision, threads=settings.threads // settings.streams)
