"""The CPU backend: OpenVINO on a packed graph, without padding. `scripts.models` converts models to it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np
import openvino

from bentos.common.backends.interface import (
    ActivationGroupSize,
    Infer,
    Outputs,
    Pooling,
    TokenRow,
    UnsupportedPrecision,
)
from bentos.common.backends.packing import CHUNK_TOKENS, Inputs, PackedRows, chunks, pack, padded_length

MODEL_FILE = "openvino_model.xml"
_INPUTS = frozenset({"input_ids", "position_ids", "segments", "key_segments", "pool"})
DEFAULT_GROUP_SIZE: ActivationGroupSize = 64
"""Of activations in int8."""
_LONGEST_PREPARED = 512
"""Tokens of a row: all shapes of a window of 8,192 would take hours, as attention costs a row's square."""
_PREPARED_AT_START = (_LONGEST_PREPARED, CHUNK_TOKENS, 64, 16)
"""Tokens. The longest comes first: buffers that were made for it are used for the others."""
_LONGEST_KEPT = 1024
"""Tokens of a row whose buffers are kept: those of 8,192 tokens are a gigabyte at the size of multilingual-e5-large."""


class OpenVINOBackend:
    """A converted model.

    Args:
        folder: holds `openvino_model.xml` and its weights.
        precision: of the conversion: `fp32`, `bf16` or `int8`.
        pooling: over a sequence's tokens before the graph's head: their mean, the first or the last token.
        threads: processor threads of all streams together.
        streams: calls of `infer` at a time; they share one copy of the weights.
        window: most tokens of a row.
        activation_group_size: of a conversion to int8; no other precision has groups.
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
        activation_group_size: ActivationGroupSize | None = None,
        reserved: bool = False,
    ) -> None:
        self.precision = precision
        group_size = (activation_group_size or DEFAULT_GROUP_SIZE) if precision == "int8" else 0
        core = openvino.Core()
        bf16 = supports_bf16(core)
        if precision == "bf16" and not bf16:
            raise UnsupportedPrecision("This CPU has no bf16 instructions: use precision int8 or fp32.")
        model, inputs = read_graph(folder, core)
        compiled = core.compile_model(model, "CPU", _properties(precision, bf16, group_size, threads, streams))
        self.width: int = compiled.outputs[0].get_partial_shape()[1].get_length()
        pack_rows = partial(pack, pooling=pooling, uses_types="token_type_ids" in inputs)
        self._requests = [_Requests(compiled, streams, max(window, CHUNK_TOKENS), window, pack_rows)]
        self.infer_reserved: Infer | None = None
        if reserved:
            own = _properties(precision, bf16, group_size, max(1, threads // streams), 1)
            compiled = core.compile_model(model, "CPU", own)
            self._requests.append(_Requests(compiled, 1, CHUNK_TOKENS, window, pack_rows))
            self.infer_reserved = self._requests[1].infer

    @property
    def unprepared(self) -> Sequence[int]:
        """See `Backend.unprepared`."""
        return sorted({tokens for requests in self._requests for tokens in requests.unprepared})

    def prepare(self, tokens: int) -> None:
        """See `Backend.prepare`."""
        for requests in self._requests:
            if tokens in requests.unprepared:
                requests.prepare(tokens)

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        """See `Backend.infer`. A micro-batch over the most efficient size is computed in several chunks."""
        return self._requests[0].infer(rows)

    def close(self) -> None:
        """Free the model."""
        self._requests.clear()
        self.infer_reserved = None


class _Requests:
    """Infer requests of a compiled model, one per stream.

    Each length of the packed row is a shape. The first row of a shape compiles kernels on each stream, which takes as
    long as tens of short texts; what is prepared has them. Buffers are those of the longest row so far; those of a very
    long one are given back after it.

    Args:
        compiled: for as many streams.
        count: of streams.
        longest: tokens of the longest packed row that will be computed.
        window: most tokens of a sequence; the graph may know no positions beyond.
        pack_rows: makes the graph's inputs of rows.

    Attributes:
        unprepared: lengths of packed rows that have no kernels yet.
    """

    def __init__(
        self,
        compiled: openvino.CompiledModel,
        count: int,
        longest: int,
        window: int,
        pack_rows: Callable[[Sequence[TokenRow]], Inputs],
    ) -> None:
        self._compiled = compiled
        self._count = count
        self._window = window
        self._has_large_buffers = False
        self._pack = pack_rows
        self._free: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(count):
            self._free.put(compiled.create_infer_request())
        self.unprepared = {padded_length(tokens) for tokens in range(1, min(longest, _LONGEST_PREPARED) + 1)}
        for tokens in _PREPARED_AT_START:
            if tokens in self.unprepared:
                self.prepare(tokens)

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        """Compute rows on a free stream."""
        is_very_long = max(len(row.ids) for row in rows) > _LONGEST_KEPT
        request = self._free.get()
        try:
            outputs = np.concatenate([request.infer(self._pack(chunk))[0][: len(chunk)] for chunk in chunks(rows)])
        finally:
            # Not by `|=`, which reads before it writes: what another stream sets in between would be lost.
            if is_very_long:
                self._has_large_buffers = True
            self._free.put(request)
        if self._has_large_buffers:
            self._release_buffers()
        return outputs

    def prepare(self, tokens: int) -> None:
        """Compute a row of so many tokens on all streams, as soon as they are free."""
        lengths = _parts(tokens, self._window)
        inputs = self._pack([TokenRow(np.full(length, 5, np.int32), np.zeros(length, np.int32)) for length in lengths])
        requests = [self._free.get() for _ in range(self._count)]
        try:
            for request in requests:
                request.start_async(inputs)
            for request in requests:
                request.wait()
        finally:
            for request in requests:
                self._free.put(request)
        self.unprepared.discard(tokens)

    def _release_buffers(self) -> None:
        """Give memory back, in tens of milliseconds. While another stream computes it cannot; the next call tries."""
        taken: list[openvino.InferRequest] = []
        try:
            while len(taken) < self._count:
                taken.append(self._free.get_nowait())
            self._compiled.release_memory()
            self._has_large_buffers = False
        except Empty:
            pass
        finally:
            for request in taken:
                self._free.put(request)


def read_graph(folder: Path, core: openvino.Core) -> tuple[openvino.Model, set[str]]:
    """The graph of a converted model, and the names of its inputs.

    Raises:
        RuntimeError: the files are damaged or of another version.
    """
    model = core.read_model(folder / MODEL_FILE)
    inputs = {name for port in model.inputs for name in port.get_names()}
    if not inputs >= _INPUTS:
        raise RuntimeError(f"the graph was converted by another version, without {', '.join(_INPUTS - inputs)}")
    return model, inputs


def _parts(tokens: int, window: int) -> Iterator[int]:
    """Lengths of sequences that fill a row of an even number of tokens, none longer than the window."""
    longest = window - window % 2
    for start in range(0, tokens, longest):
        yield min(longest, tokens - start)


def supports_bf16(core: openvino.Core | None = None) -> bool:
    """Whether this processor computes in bf16."""
    return "BF16" in (core or openvino.Core()).get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _properties(precision: str, bf16: bool, group_size: int, threads: int, streams: int) -> dict[str, str | int | bool]:
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": streams,
        "INFERENCE_NUM_THREADS": threads,
        # In a container other processes share the processors; pinned threads would wait for them.
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "bf16" if bf16 and precision != "fp32" else "f32",
        # Groups of activations with scales of their own keep a text's vector apart from its batch-mates.
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": group_size,
    }
