"""A sentence-transformers model over packed rows, on a GPU or, to check it, on a processor."""

import inspect
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from torch import Tensor

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.backends.packing import PackedRows
from bentos.common.backends.torch_lengths import is_normalized
from bentos.common.backends.torch_packed.attention import ATTENTION, has_varlen_kernel, register
from bentos.common.backends.torch_packed.graphs import Graphs
from bentos.common.backends.torch_packed.heads import (
    FAMILIES,
    FIRST_POSITION_AFTER_PADDING,
    CannotPack,
    cross_encoder_head,
    encoder_head,
)
from bentos.common.backends.torch_packed.layout import PackedBatch, lay_out

_log = logging.getLogger(__name__)


class PackedModel:
    """Computes micro-batches without padding. `infer` may be called from several threads at a time.

    The model's own attention is replaced by one that does both: padded calls of the model go on as before.

    Args:
        model: loaded, on its device.
        graphs: whether short micro-batches are replayed from CUDA graphs; on a processor there are none.

    Raises:
        CannotPack: it has to be padded.
    """

    def __init__(self, model: SentenceTransformer | CrossEncoder, *, graphs: bool = True) -> None:
        modules: list[Any] = list(model)
        transformer = getattr(modules[0], "auto_model", None)
        config = getattr(transformer, "config", None)
        family = getattr(config, "model_type", "unknown")
        if transformer is None or config is None or family not in FAMILIES:
            raise CannotPack(f"Models of type {family} cannot be packed.")
        if isinstance(model, SentenceTransformer):
            self._head = encoder_head(modules[1:], normalized=is_normalized(model))
        else:
            self._head = cross_encoder_head(modules[1:], transformer)
        self._device = transformer.device
        if self._on_gpu and not has_varlen_kernel():
            raise CannotPack(f"PyTorch {torch.__version__} has no attention for rows of various lengths: 2.11 has.")
        register()
        transformer.set_attn_implementation(ATTENTION)
        if config._attn_implementation != ATTENTION:
            raise CannotPack(f"Models of type {family} take no attention of others in this version of transformers.")
        self._transformer = transformer.base_model
        self._first_position: int = config.pad_token_id + 1 if family in FIRST_POSITION_AFTER_PADDING else 0
        self._constants = _constant_arguments(self._transformer)
        self._uses_types = "token_type_ids" in model.tokenizer.model_input_names
        self._thread_state = threading.local()
        self._graphs = self._captured() if graphs and self._on_gpu else None
        self.layout = unpadded(self._graphs.sizes if self._graphs else ())

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        """Compute one micro-batch.

        Args:
            rows: at least one row; none is longer than the model's window.

        Returns:
            float32 `[len(rows), width]`, in the order of `rows`: unit vectors of an encoder, logits of a cross-encoder.
        """
        with torch.inference_mode(), self._own_stream():
            if self._graphs and (graph := self._graphs.fitting(rows)):
                return graph.infer(rows)
            numbers = lay_out(rows, first_position=self._first_position, pinned=self._on_gpu)
            lengths = [len(row.ids) for row in rows]
            batch = PackedBatch.of(numbers.to(self._device, non_blocking=True), sum(lengths), max(lengths))
            outputs = self.forward(batch).to("cpu", non_blocking=True)
            if self._on_gpu:
                torch.cuda.current_stream().synchronize()
            return outputs.numpy()

    def forward(self, batch: PackedBatch) -> Tensor:
        """Outputs of a micro-batch that lies on the device, float32 `[rows, width]` there."""
        types = {"token_type_ids": batch.type_ids} if self._uses_types else {}
        states: Tensor = self._transformer(
            input_ids=batch.ids,
            position_ids=batch.positions,
            cu_seq_lens_q=batch.bounds,
            cu_seq_lens_k=batch.bounds,
            max_length_q=batch.longest,
            max_length_k=batch.longest,
            **types,
            **self._constants,
        ).last_hidden_state
        return self._head(states[0], batch)

    def _captured(self) -> Graphs | None:
        """Graphs of short micro-batches; none, with a line in the log, if they cannot be made."""
        try:
            with torch.inference_mode():
                return Graphs(self.forward, self._device, first_position=self._first_position)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            reason = str(error).strip().partition("\n")[0]
            _log.warning("Short texts are computed without CUDA graphs, which is slower: %s", reason)
            return None

    @property
    def _on_gpu(self) -> bool:
        return bool(self._device.type == "cuda")

    @contextmanager
    def _own_stream(self) -> Iterator[None]:
        """Each thread's work in a CUDA stream of its own, so that one can copy and wait while another computes."""
        if not self._on_gpu:
            yield
            return
        if not hasattr(self._thread_state, "stream"):
            stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
            stream.wait_stream(torch.cuda.current_stream(self._device))  # which may still be casting weights
            self._thread_state.stream = stream
        with torch.cuda.stream(self._thread_state.stream):
            yield


def unpadded(sizes: Sequence[int] = ()) -> PackedRows:
    """Rows that take their own tokens only, filled up to the size of a CUDA graph where they are so short.

    Args:
        sizes: of the graphs, in tokens, ascending.
    """
    return PackedRows(
        alignment=1, padded_length=lambda tokens: next((size for size in sizes if size >= tokens), tokens)
    )


def _constant_arguments(transformer: Any) -> dict[str, Any]:
    """What a transformer takes besides the rows: no mask of any kind, as attention sees the bounds, and no cache."""
    arguments: dict[str, Any] = {}
    if "use_cache" in inspect.signature(transformer.forward).parameters:
        arguments["use_cache"] = False
    if layers := getattr(transformer.config, "layer_types", None):
        arguments["attention_mask"] = dict.fromkeys(layers)
    return arguments
