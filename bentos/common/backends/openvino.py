"""The CPU backend: OpenVINO on a packed graph, without padding. `scripts.models` converts models to it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import openvino

from bentos.common.backends.interface import Infer, Outputs, Pooling, TokenRow, UnsupportedPrecision
from bentos.common.backends.packing import CHUNK_TOKENS, PackedRows, chunks, pack, padded_length

MODEL_FILE = "openvino_model.xml"
_INPUTS = frozenset({"input_ids", "position_ids", "segments", "key_segments", "pool"})
_QUANTIZATION_GROUP = 64
_LONGEST_WARMED = 512
"""Tokens of a row: all shapes of a window of 8,192 would take hours, as attention costs a row's square."""


class OpenVINOBackend:
    """A converted model.

    Args:
        folder: holds `openvino_model.xml` and its weights.
        precision: of the conversion: `fp32`, `bf16` or `int8`.
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
    layout = PackedRows()

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
        self._free = self._requests(compiled, streams, max(window, CHUNK_TOKENS))
        self.infer_reserved: Infer | None = None
        if reserved:
            compiled = core.compile_model(model, "CPU", _properties(precision, bf16, max(1, threads // streams), 1))
            self.infer_reserved = partial(self._infer, self._requests(compiled, 1, CHUNK_TOKENS))

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        """See `Backend.infer`. A micro-batch over the most efficient size is computed in several chunks."""
        return self._infer(self._free, rows)

    def close(self) -> None:
        """Free the model."""
        del self._free
        self.infer_reserved = None

    def _infer(self, free: "SimpleQueue[openvino.InferRequest]", rows: Sequence[TokenRow]) -> Outputs:
        request = free.get()
        try:
            return np.concatenate(
                [
                    request.infer(pack(chunk, self._pooling, uses_types=self._uses_types))[0][: len(chunk)]
                    for chunk in chunks(rows)
                ]
            )
        finally:
            free.put(request)

    def _requests(
        self, compiled: openvino.CompiledModel, count: int, longest: int
    ) -> "SimpleQueue[openvino.InferRequest]":
        """So many requests, warm: the first of each shape on each stream compiles kernels, and would take 7 to 20 ms.

        Args:
            compiled: for as many streams.
            count: of requests.
            longest: tokens of the longest packed row that will be computed.
        """
        requests = [compiled.create_infer_request() for _ in range(count)]
        lengths = range(1, min(longest, _LONGEST_WARMED) + 1)
        for tokens in sorted({padded_length(tokens) for tokens in lengths}, reverse=True):
            row = TokenRow(np.full(tokens, 5, np.int32), np.zeros(tokens, np.int32))
            inputs = pack([row], self._pooling, uses_types=self._uses_types)
            for request in requests:
                request.start_async(inputs)
            for request in requests:
                request.wait()
        free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for request in requests:
            free.put(request)
        return free


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
