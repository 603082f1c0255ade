"""What int8 costs at the size of multilingual-e5-large: a whole graph, and its matrix products alone.

    .venv/bin/python -m benchmarks.make_synthetic
    .venv/bin/python -m benchmarks.matrix_products [--rounds 4]

The matrices of 24 layers, one behind the other, with nothing between them: no graph that computes with OpenVINO's
kernels can be faster. `u8` weights have a zero point for each row (asymmetric), as conversions have, `i8` have none
(symmetric). Milliseconds of a row: a round's fastest, median over rounds. One of several equal models is slower as long
as it lives, the first one above all, so each is loaded twice and the faster one counts. All weights are random.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import openvino
import openvino.opset15 as op
import typer

from benchmarks.machine import processor
from benchmarks.make_synthetic import ENCODER
from benchmarks.markdown import table
from bentos.common.backends.interface import ActivationGroupSize, TokenRow
from bentos.common.backends.openvino import OpenVINOBackend
from bentos.common.models import store as model_store
from bentos.common.resources import cpu_limit
from scripts.models.conversion.graph import write_graph
from scripts.models.conversion.weights import quantized

_LAYERS, _WIDTH, _INNER, _WINDOW = 24, 1024, 4096, 512
_LENGTHS = {2: 12, 10: 12, 16: 12, 20: 12, 32: 12, 64: 8, 128: 6, 256: 4}
"""Rows of so many tokens, so many times a round."""
_GROUP_SIZES: tuple[ActivationGroupSize, ...] = (64, 256)

_WeightType: TypeAlias = Literal["u8", "i8"]
_Compute: TypeAlias = Callable[[int], object]
"""Computes a row of so many tokens."""

_random = np.random.default_rng(0)


def _graph(folder: Path, group_size: ActivationGroupSize) -> _Compute:
    backend = OpenVINOBackend(
        folder,
        precision="int8",
        pooling="mean",
        threads=cpu_limit(),
        streams=1,
        window=_WINDOW,
        activation_group_size=group_size,
    )

    def compute(tokens: int) -> object:
        ids = _random.integers(5, 200_000, tokens).astype(np.int32)
        return backend.infer([TokenRow(ids, np.zeros(tokens, np.int32))])

    return compute


def _products(weight_type: _WeightType, group_size: ActivationGroupSize) -> _Compute:
    tokens = op.parameter([1, -1, _WIDTH], np.float32)
    hidden: Any = tokens
    for _ in range(_LAYERS):
        together = _product(hidden, _WIDTH, 3 * _WIDTH, weight_type)
        hidden = op.variadic_split(together, np.int64(2), np.array([_WIDTH, 2 * _WIDTH])).output(0)
        for inputs, outputs in ((_WIDTH, _WIDTH), (_WIDTH, _INNER), (_INNER, _WIDTH)):
            hidden = _product(hidden, inputs, outputs, weight_type)
    properties = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": cpu_limit(),
        "ENABLE_CPU_PINNING": False,
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": group_size,
    }
    model = openvino.Model([hidden], [tokens], "products")
    request = openvino.Core().compile_model(model, "CPU", properties).create_infer_request()
    return lambda length: request.infer([_random.standard_normal((1, length, _WIDTH), np.float32)])


def _product(hidden: Any, inputs: int, outputs: int, weight_type: _WeightType) -> openvino.Node:
    weights = _random.standard_normal((outputs, inputs), np.float32) / np.float32(inputs**0.5)
    if weight_type == "u8":
        return op.matmul(hidden, quantized((outputs, inputs), [weights]), False, True)
    scales = np.abs(weights).max(axis=1, keepdims=True) / np.float32(127)
    signed = op.convert(op.constant(np.rint(weights / scales).astype(np.int8)), "f32")
    return op.matmul(hidden, op.multiply(signed, op.constant(scales)), False, True)


def _fastest(compute: _Compute, tokens: int, repetitions: int) -> float:
    """Milliseconds."""
    compute(tokens)  # kernels of a new length
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        compute(tokens)
        times.append(1000 * (time.perf_counter() - started))
    return min(times)


def _columns(make: dict[str, Callable[[], _Compute]], rounds: int) -> Iterator[list[str]]:
    """A column of the table for each, with its name at the top."""
    loaded = [(name, make[name]()) for name in [*make, *reversed(make)]]
    times: dict[tuple[str, int], list[float]] = {}
    for _, (tokens, repetitions) in product(range(rounds), _LENGTHS.items()):
        measured = [(name, _fastest(compute, tokens, repetitions)) for name, compute in loaded]
        for name in make:
            fastest = min(milliseconds for other, milliseconds in measured if other == name)
            times.setdefault((name, tokens), []).append(fastest)
    for name in make:
        yield [name, *(f"{median(times[name, tokens]):.1f} ms" for tokens in _LENGTHS)]


def main(rounds: Annotated[int, typer.Option(min=1)] = 4) -> None:
    """Measure and print a table."""
    columns = [["tokens", *map(str, _LENGTHS)]]
    with TemporaryDirectory(prefix="matrix-products-") as work:
        write_graph(model_store.find(ENCODER).path, "encoder", "int8", Path(work))
        columns += _columns({f"graph, {size}": partial(_graph, Path(work), size) for size in _GROUP_SIZES}, rounds)
    kinds: list[tuple[_WeightType, ActivationGroupSize]] = [
        (kind, size) for kind in ("u8", "i8") for size in _GROUP_SIZES
    ]
    columns += _columns({f"products {kind}, {size}": partial(_products, kind, size) for kind, size in kinds}, rounds)
    head, *rows = zip(*columns, strict=True)
    print(processor())
    print(table(head, rows, numbers=True))


if __name__ == "__main__":
    typer.run(main)
