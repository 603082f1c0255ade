"""Loading an installed model on its runtime."""

from collections.abc import Callable
from pathlib import Path

from bentos.common.backends.interface import (
    ActivationGroupSize,
    Backend,
    DeviceUnusable,
    Kind,
    Pooling,
    UnsupportedPrecision,
)
from bentos.common.resources import memory_limit
from bentos.common.settings import EngineSettings

_GIB = 2**30
_INTERPRETER_BYTES = 100 * 2**20


def load_torch(folder: Path, kind: Kind, settings: EngineSettings) -> Backend:
    """Load an original model. Takes seconds; call it off the event loop.

    Args:
        folder: the installed model, a sentence-transformers folder.
        kind: what its outputs are.
        settings: device, precision, streams and threads.

    Raises:
        RuntimeError: with one sentence, when the model cannot run as asked.
    """
    # Imported here: torch takes seconds to import and the probes must answer before that, and CPU images have none.
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise RuntimeError(
            "The model is one for PyTorch, which is not installed here: convert it with "
            "`python -m scripts.models install`, or build the image with BACKEND=torch."
        ) from None

    from bentos.common.backends import cuda
    from bentos.common.backends.torch import TorchCrossEncoder, TorchEncoder

    device = cuda.choose_device(settings.device)
    precision = cuda.choose_precision(settings.precision, device)
    if precision not in ("fp32", "bf16"):
        raise RuntimeError(
            f"PyTorch computes in fp32 and bf16, not in {precision}: unset the precision, or convert the model "
            f"(`python -m scripts.models install MODEL --precision {precision}`) and serve it with backend openvino."
        )
    model = TorchEncoder if kind == "encoder" else TorchCrossEncoder
    threads = settings.threads // settings.streams
    if device == "cpu":
        check_memory(folder)
        return _loaded(folder, lambda: model(folder, device=device, precision=precision, threads=threads))

    def on_gpu() -> Backend:
        cuda.check_free_memory(folder, precision)
        with cuda.gpu_errors():
            backend = model(folder, device=device, precision=precision, threads=threads)
            cuda.check_largest_batch(backend, settings.max_batch_tokens)
            return backend

    return _loaded(folder, on_gpu)


def load_openvino(
    folder: Path,
    precision: str,
    pooling: Pooling,
    window: int,
    settings: EngineSettings,
    *,
    activation_group_size: ActivationGroupSize | None,
) -> Backend:
    """Load a converted model. Takes seconds; call it off the event loop.

    Args:
        folder: the installed model.
        precision: of the conversion.
        pooling: of the conversion.
        window: most tokens of a row.
        settings: streams, threads and whether one is reserved.
        activation_group_size: of a conversion to int8.

    Raises:
        RuntimeError: with one sentence, when the model cannot run as asked.
    """
    from bentos.common.backends.openvino import OpenVINOBackend

    check_memory(folder)
    return _loaded(
        folder,
        lambda: OpenVINOBackend(
            folder,
            precision=precision,
            pooling=pooling,
            threads=settings.threads,
            streams=settings.streams,
            window=window,
            activation_group_size=activation_group_size,
            reserved=settings.reserved_stream,
        ),
    )


def _loaded(folder: Path, load: Callable[[], Backend]) -> Backend:
    try:
        return load()
    except (UnsupportedPrecision, DeviceUnusable):
        raise
    except MemoryError:
        raise RuntimeError("There is too little memory to load the model: raise the memory limit.") from None
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise RuntimeError(
            f"The files in {folder} do not load; install the model again with --force "
            f"({type(error).__name__}: {reason[-1] if reason else 'no details'})."
        ) from error


def check_memory(folder: Path) -> None:
    """Refuse a model that cannot fit, instead of being killed without a word while loading it.

    Raises:
        RuntimeError: with what it needs.
    """
    needed = _INTERPRETER_BYTES + sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    limit = memory_limit()
    if limit is not None and needed > limit:
        raise RuntimeError(
            f"The model needs {needed / _GIB:.1f} GiB at least, but this process may use {limit / _GIB:.1f} GiB: "
            "raise the memory limit or install a smaller precision."
        )
