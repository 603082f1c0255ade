"""CUDA graphs of short micro-batches: one launch of the whole model, as hundreds would take longer than computing.

A graph has fixed sizes. So rows are filled up with one more row to the next size, and its number of rows is fixed too:
those that are not taken are empty.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.backends.torch_packed.layout import PackedBatch, lay_out

SIZES = (16, 32, 64, 128, 256, 512)
"""Tokens of the graphs. Beyond, the GPU takes longer to compute than the processor to launch."""
SLOTS = 17
"""Rows of each graph, that of the filling included."""
_WARM_UP = 3


class Graphs:
    """The forward pass of a model, once for each size. Captured when made: nothing else may use the GPU meanwhile.

    Args:
        forward: from a micro-batch on the GPU to outputs, float32 `[rows, width]`.
        device: the GPU.
        first_position: what the model calls the first token's place.
    """

    sizes = SIZES

    def __init__(self, forward: Callable[[PackedBatch], Tensor], device: torch.device, *, first_position: int) -> None:
        # Graphs share their memory, which is safe as long as only one of them runs.
        pool, lock = torch.cuda.graph_pool_handle(), threading.Lock()
        self._graphs = [_Graph(forward, device, size, first_position, pool, lock) for size in reversed(SIZES)][::-1]

    def fitting(self, rows: Sequence[TokenRow]) -> "_Graph | None":
        """The smallest graph that takes the rows; none if they are too many or too long."""
        tokens = sum(len(row.ids) for row in rows)
        if len(rows) >= SLOTS:
            return None
        return next((graph for graph in self._graphs if graph.tokens >= tokens), None)


class _Graph:
    """One graph and the memory in which it finds its inputs and leaves its outputs."""

    def __init__(
        self,
        forward: Callable[[PackedBatch], Tensor],
        device: torch.device,
        tokens: int,
        first_position: int,
        pool: Any,
        lock: threading.Lock,
    ) -> None:
        self.tokens = tokens
        self._first_position = first_position
        self._lock = lock
        row = TokenRow(np.zeros(tokens, np.int32), np.zeros(tokens, np.int32))
        self._numbers = self._lay_out([row]).to(device)

        def run() -> Tensor:
            return forward(PackedBatch.of(self._numbers, tokens, tokens))

        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP):
                run()
        torch.cuda.current_stream(device).wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, pool=pool, capture_error_mode="thread_local"):
            self._outputs = run()

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        """Compute a micro-batch that fits, in the current stream."""
        numbers = self._lay_out(rows)
        with self._lock:
            self._numbers.copy_(numbers, non_blocking=True)
            self._graph.replay()
            outputs = self._outputs[: len(rows)].to("cpu", non_blocking=True)
            torch.cuda.current_stream().synchronize()
        return outputs.numpy()

    def _lay_out(self, rows: Sequence[TokenRow]) -> Tensor:
        return lay_out(rows, first_position=self._first_position, tokens=self.tokens, slots=SLOTS, pinned=True)
