"""From the device to the table: all measurements in their order."""

import json
import platform
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import torch
from transformers.utils.logging import disable_progress_bar

from benchmarks.gpu.http import over_http
from benchmarks.gpu.measures import matrix_peak
from benchmarks.gpu.models import PRODUCTION, SMALL
from benchmarks.gpu.plan import FULL, LEAST, goals, measure
from bentos.common.backends.cuda import choose_device
from bentos.common.backends.interface import DeviceUnusable

_LIBRARIES = ("torch", "transformers", "sentence-transformers", "numpy")


def _machine(device: str) -> dict[str, Any]:
    gpu = torch.cuda.get_device_properties(0) if device == "cuda" else None
    return {
        "device": gpu.name if gpu else platform.machine(),
        "GPU memory, MiB": gpu.total_memory >> 20 if gpu else None,
        "CUDA": torch.version.cuda if gpu else None,
        "python": platform.python_version(),
        **{name: version(name) for name in _LIBRARIES},
    }


def _lines(figures: dict[str, Any], prefix: str = "") -> list[str]:
    """Rows of a Markdown table, one for each number."""
    lines = []
    for name, value in figures.items():
        label = f"{prefix}{name}"
        if isinstance(value, dict):
            lines += _lines(value, f"{label}: ")
        elif isinstance(value, float):
            lines.append(f"| {label} | {value:.6f} |" if abs(value) <= 1 else f"| {label} | {value:,.2f} |")
        elif value is not None:
            lines.append(f"| {label} | {value} |")
    return lines


def run(asked: Literal["cpu", "cuda"], *, small: bool, file: Path | None, service_model: str | None) -> None:
    """Measure, print a table, write JSON.

    Args:
        asked: where to compute.
        small: whether to take tiny models and few texts.
        file: where to write the figures as well.
        service_model: an installed encoder with which to measure the service as well.

    Raises:
        SystemExit: with one sentence, if there is no such device.
    """
    try:
        device = choose_device(asked)
    except DeviceUnusable as error:
        raise SystemExit(str(error)) from None
    disable_progress_bar()  # type: ignore[no-untyped-call]
    if small:
        torch.set_num_threads(1)  # more would only wait for each other
    scale, shapes = (LEAST, SMALL) if small else (FULL, PRODUCTION)
    started = time.monotonic()
    figures: dict[str, Any] = {}

    def keep(name: str, part: Any) -> None:
        """Show and write what there is so far: a later step may fail, and a GPU is not at hand for long."""
        figures[name] = figures.get(name, {}) | part if isinstance(part, dict) else part
        print("\n".join(_lines({name: part})), flush=True)
        if file:
            file.write_text(json.dumps(figures, indent=2) + "\n")

    print("| figure | value |\n|---|---:|")
    keep("machine", _machine(device))
    peak = matrix_peak(device, scale.matrix, scale.seconds)
    keep("bf16 matrix product, TFLOP/s", peak / 1e12)
    for shape in shapes:
        for part in measure(shape, device, scale, peak):
            keep(shape.name, part)
    if device == "cuda" and not small:
        keep("goals", goals(figures[shapes[0].name]))
    keep("seconds", time.monotonic() - started)
    if service_model and find_spec("bentoml"):
        keep("over HTTP", over_http(service_model))
    elif service_model:
        print("The service is left out: BentoML is not installed here.")
