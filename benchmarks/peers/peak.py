"""How fast this processor multiplies matrices, and how much multiplying a model needs."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import openvino
from openvino import opset13 as op
from safetensors import safe_open

from bentos.common.backends.openvino import supports_bf16

_ROWS, _INNER, _OUTER = 512, 4096, 4096
_SECONDS = 1.5
_WARM_UP = 3


def gemm_peaks(threads: int) -> dict[str, float]:
    """Operations per second of one large matrix product by precision: fp32, bf16 where there is, int8."""
    core = openvino.Core()
    peaks = {"fp32": _measured(core, _product(), "f32", threads)}
    if supports_bf16(core):
        peaks["bf16"] = _measured(core, _product(), "bf16", threads)
    peaks["int8"] = _measured(core, _quantized_product(), "f32", threads)
    return peaks


def _product() -> openvino.Model:
    """fp32 activations `[rows, inner]` by fp32 weights `[outer, inner]`."""
    activations = op.parameter([_ROWS, _INNER], np.float32)
    weights = op.constant(np.random.default_rng(0).standard_normal((_OUTER, _INNER), np.float32))
    return openvino.Model([op.matmul(activations, weights, False, True)], [activations])


def _quantized_product() -> openvino.Model:
    """The same with both sides in int8: scales are known before, so nothing is spent on finding them."""
    activations = op.parameter([_ROWS, _INNER], np.float32)
    low, high = op.constant(np.float32(-4.0)), op.constant(np.float32(4.0))
    quantized = op.fake_quantize(activations, low, high, low, high, 256)
    weights = np.random.default_rng(0).integers(-127, 127, (_OUTER, _INNER)).astype(np.int8)
    scaled = op.multiply(
        op.convert(op.constant(weights), np.float32), op.constant(np.full((_OUTER, 1), 0.01, np.float32))
    )
    return openvino.Model([op.matmul(quantized, scaled, False, True)], [activations])


def _measured(core: openvino.Core, model: openvino.Model, hint: str, threads: int) -> float:
    properties = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": hint,
    }
    request = core.compile_model(model, "CPU", properties).create_infer_request()
    inputs = [np.random.default_rng(1).standard_normal((_ROWS, _INNER), np.float32)]
    for _ in range(_WARM_UP):
        request.infer(inputs)
    best, end = float("inf"), time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        started = time.perf_counter()
        request.infer(inputs)
        best = min(best, time.perf_counter() - started)
    return 2 * _ROWS * _INNER * _OUTER / best


def operations(original: Path, lengths: Sequence[int]) -> float:
    """Multiplications and additions for sequences of these lengths, padding not included.

    Two for every parameter outside the embeddings and every token, and four times the width for every layer and pair
    of tokens of a sequence (their products with the keys and with the values).

    Args:
        original: a torch model's folder.
        lengths: tokens of each sequence.
    """
    config = json.loads((original / "config.json").read_text())
    linear = 2 * _parameters(original) * sum(lengths)
    pairs = sum(length * length for length in lengths)
    return float(linear + 4 * config["num_hidden_layers"] * config["hidden_size"] * pairs)


def _parameters(original: Path) -> int:
    total = 0
    for file in sorted(original.glob("model*.safetensors")):
        with safe_open(file, framework="numpy") as weights:
            shapes = [weights.get_slice(name).get_shape() for name in weights.keys() if "embeddings" not in name]  # noqa: SIM118
            total += sum(int(np.prod(shape)) for shape in shapes)
    return total
