"""The CPU backend: OpenVINO on a packed graph, without padding.

All sequences of a micro-batch lie one after the other in a row of T tokens, and a token attends to its own sequence
only. So lengths may be mixed freely, and the graph has one dynamic dimension. `scripts.models` converts models to it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np
import openvino
from numpy.typing import NDArray

from bentos.common.backends.interface import Outputs, Pooling, TokenRow, UnsupportedPrecision

MODEL_FILE = "openvino_model.xml"
_INPUTS = frozenset({"input_ids", "position_ids", "segments", "pool"})
_FILLER = -1
# Rows are padded up to a multiple of this, so that few shapes occur: each takes time and memory for kernels of its own.
_TOKEN_MULTIPLE = 16
# bf16 dot products add neighbours in pairs: a text that always starts at an even place gives the same vector to the
# last bit, alone and among any others.
_ALIGNMENT = 2
# Linear layers are saturated from here on, and attention over a packed row costs its square.
_CHUNK_TOKENS = 256
# The same above a slice, where a text is alone.
_LONG_MULTIPLE = 32
# One number of rows for all slices, so that the number of tokens alone makes the shape.
_CHUNK_ROWS = 64
_QUANTIZATION_GROUP = 64

_Number = TypeVar("_Number", int, NDArray[np.int64])


class PackedRows:
    """How much place texts take in a row."""

    def aligned_length(self, length: int) -> int:
        """The next text starts at an even place."""
        return _round_up(length, _ALIGNMENT)

    def padded_length(self, tokens: int) -> int:
        """The row is padded at its end."""
        return _padded_length(tokens)


class OpenVINOBackend:
    """A converted model.

    Args:
        folder: holds `openvino_model.xml` and its weights.
        precision: of the conversion: `fp32`, `bf16`, `int8` or `int8-static`.
        pooling: over a sequence's tokens before the graph's head: their mean, or the first token.
        threads: processor threads of all streams together.
        streams: calls of `infer` at a time; they share one copy of the weights.
        window: most tokens of a row.
        reserved: whether to keep a second copy of the working weights, with all threads of its own. Streams cannot
            do this: they divide the threads, which halves the speed of each.

    Raises:
        UnsupportedPrecision: the processor lacks what the precision needs.
        RuntimeError: the files are damaged or of another version.
    """

    name = "openvino"
    device = "cpu"
    packing = PackedRows()

    def __init__(
        self,
        folder: Path,
        *,
        precision: str,
        pooling: Pooling,
        threads: int,
        streams: int,
        window: int,
        reserved: bool = False,
    ) -> None:
        self.precision = precision
        self._pooling = pooling
        core = openvino.Core()
        bf16 = supports_bf16(core)
        if precision == "bf16" and not bf16:
            raise UnsupportedPrecision("This processor has no bf16 instructions: use precision int8 or fp32.")
        model = core.read_model(folder / MODEL_FILE)
        inputs = {name for port in model.inputs for name in port.get_names()}
        if not inputs >= _INPUTS:
            raise RuntimeError(f"the graph was converted by another version, without {', '.join(_INPUTS - inputs)}")
        compiled = core.compile_model(model, "CPU", _properties(precision, bf16, threads, streams))
        self._uses_types = "token_type_ids" in inputs
        self.width: int = compiled.outputs[0].get_partial_shape()[1].get_length()
        requests = [compiled.create_infer_request() for _ in range(streams)]
        self._warm_up(requests, max(window, _CHUNK_TOKENS))
        self._free = _free(requests)
        self.has_reserved_stream = reserved
        if reserved:
            compiled = core.compile_model(model, "CPU", _properties(precision, bf16, max(1, threads // streams), 1))
            requests = [compiled.create_infer_request()]
            self._warm_up(requests, _CHUNK_TOKENS)
        self._free_reserved = _free(requests if reserved else [])

    def infer(self, rows: Sequence[TokenRow], *, reserved: bool = False) -> Outputs:
        """See `Backend.infer`. A micro-batch over the most efficient size is computed in several slices."""
        free = self._free_reserved if reserved else self._free
        request = free.get()
        try:
            return np.concatenate([request.infer(self._pack(part))[0][: len(part)] for part in _slices(rows)])
        finally:
            free.put(request)

    def close(self) -> None:
        """Free the model."""
        del self._free, self._free_reserved

    def _warm_up(self, requests: Sequence[openvino.InferRequest], longest: int) -> None:
        """Compile the kernels of every shape on every stream: the first of each would take 7 to 20 ms more."""
        for tokens in sorted({_padded_length(tokens) for tokens in range(1, longest + 1)}, reverse=True):
            inputs = self._pack([TokenRow(np.full(tokens, 5, np.int32), np.zeros(tokens, np.int32))])
            for request in requests:
                request.start_async(inputs)
            for request in requests:
                request.wait()

    def _pack(self, rows: Sequence[TokenRow]) -> dict[str, NDArray[np.int32] | NDArray[np.float32]]:
        """Inputs of the graph: int32 `[1, T]` each, but `pool`, which is float32 `[_CHUNK_ROWS, T]`."""
        lengths = np.array([len(row.ids) for row in rows])
        aligned_lengths = _round_up(lengths, _ALIGNMENT)
        starts = np.cumsum(aligned_lengths) - aligned_lengths
        tokens = _padded_length(int(aligned_lengths.sum()))
        numbers = np.repeat(np.arange(len(rows)), lengths)
        within = np.arange(len(numbers)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        places = starts[numbers] + within
        ids = np.concatenate([row.ids for row in rows])
        inputs = {
            "input_ids": _scattered(ids, places, tokens, 0),
            "position_ids": _scattered(within, places, tokens, 0),
            "segments": _scattered(numbers, places, tokens, _FILLER),
        }
        if self._uses_types:
            types = np.concatenate([row.type_ids for row in rows])
            inputs["token_type_ids"] = _scattered(types, places, tokens, 0)
        pool = np.zeros((_CHUNK_ROWS, tokens), np.float32)
        if self._pooling == "first":
            pool[np.arange(len(rows)), starts] = 1.0
        else:
            pool[numbers, places] = 1.0 / lengths[numbers]
        return {**inputs, "pool": pool}


def _slices(rows: Sequence[TokenRow]) -> Iterator[Sequence[TokenRow]]:
    """Consecutive parts of the rows that fit a slice, or hold one longer row and what fits into its filling."""
    start, tokens = 0, 0
    for index, row in enumerate(rows):
        aligned_length = _round_up(len(row.ids), _ALIGNMENT)
        most = max(_CHUNK_TOKENS, _padded_length(tokens))
        if index > start and (tokens + aligned_length > most or index - start == _CHUNK_ROWS):
            yield rows[start:index]
            start, tokens = index, 0
        tokens += aligned_length
    yield rows[start:]


def _free(requests: Sequence[openvino.InferRequest]) -> "SimpleQueue[openvino.InferRequest]":
    free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
    for request in requests:
        free.put(request)
    return free


def _round_up(number: _Number, multiple: int) -> _Number:
    return (number + multiple - 1) // multiple * multiple


def _padded_length(tokens: int) -> int:
    """Length of the row that takes this many tokens."""
    return _round_up(tokens, _TOKEN_MULTIPLE if tokens <= _CHUNK_TOKENS else _LONG_MULTIPLE)


def _scattered(values: NDArray[Any], places: NDArray[Any], tokens: int, filler: int) -> NDArray[np.int32]:
    row = np.full((1, tokens), filler, np.int32)
    row[0, places] = values
    return row


def supports_bf16(core: openvino.Core | None = None) -> bool:
    """Whether this processor computes in bf16."""
    return "BF16" in (core or openvino.Core()).get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _properties(precision: str, bf16: bool, threads: int, streams: int) -> dict[str, str | int | bool]:
    properties: dict[str, str | int | bool] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        # In a container other processes share the processors; pinned threads would wait for them.
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 and precision != "fp32" else "f32",
    }
    # Groups of activations with scales of their own keep a text's vector apart from its batch-mates.
    properties["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = _QUANTIZATION_GROUP if precision == "int8" else 0
    return properties
