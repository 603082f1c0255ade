"""The reference backend: PyTorch through sentence-transformers, on CPU or CUDA."""

import threading
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from torch import Tensor
from transformers.utils.logging import disable_progress_bar

from bentos.common.backends.interface import Layout, Outputs, TokenRow
from bentos.common.backends.torch_lengths import is_normalized
from bentos.common.backends.torch_packed.selection import packed_or_none

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


class _TorchBackend:
    """What encoder and cross-encoder share: padding or packing, threads, device and precision.

    Args:
        folder: a sentence-transformers folder.
        device: `cpu` or `cuda`.
        precision: `fp32` or `bf16`.
        threads: processor threads of one call on CPU.
    """

    name = "torch"
    layout: Layout | None = None
    infer_reserved = None
    unprepared = ()
    _pads_left = False

    def __init__(self, folder: Path, *, device: str, precision: str, threads: int) -> None:
        self.device = device
        self.precision = precision
        self._threads = threads
        self._thread_state = threading.local()
        self._use_own_threads()
        disable_progress_bar()  # type: ignore[no-untyped-call]  # it would break the log into half lines
        self._model = self._load(str(folder))
        self._model.eval()
        # A static model has a tokenizer without these.
        self._pad_id: int = getattr(self._model.tokenizer, "pad_token_id", 0)
        self._uses_types = "token_type_ids" in getattr(self._model.tokenizer, "model_input_names", ())
        on_gpu = device == "cuda" and precision == "bf16"  # the kernel for packed rows has no fp32
        self._packed = packed_or_none(self._model, self._infer_padded) if on_gpu else None
        self.layout = self._packed.layout if self._packed else None
        self.width = self.infer([TokenRow(np.zeros(1, np.int32), np.zeros(1, np.int32))]).shape[1]

    @abstractmethod
    def _load(self, folder: str) -> Any:
        """Load the model; `self.device` and `self.precision` say how."""

    @abstractmethod
    def _forward(self, features: dict[str, Tensor], rows: Sequence[TokenRow]) -> Tensor:
        """Outputs of one padded micro-batch, `[rows, width]`."""

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        """See `Backend.infer`. Rows are packed on a GPU in bf16, if the model can be, else padded to the longest."""
        self._use_own_threads()
        return self._packed.infer(rows) if self._packed else self._infer_padded(rows)

    def _infer_padded(self, rows: Sequence[TokenRow]) -> Outputs:
        with torch.inference_mode():
            return self._forward(self._features(rows), rows).float().cpu().numpy()

    def prepare(self, tokens: int) -> None:
        """See `Backend.prepare`: PyTorch has no kernels to compile."""

    def close(self) -> None:
        """Free the model's memory, on the GPU too."""
        del self._model, self._packed
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def _features(self, rows: Sequence[TokenRow]) -> dict[str, Tensor]:
        """What the model takes: rows padded to the longest."""
        shape = (len(rows), max(len(row.ids) for row in rows))
        ids = np.full(shape, self._pad_id, np.int64)
        mask = np.zeros(shape, np.int64)
        types = np.zeros(shape, np.int64)
        for index, row in enumerate(rows):
            length = len(row.ids)
            place = slice(-length, None) if self._pads_left else slice(length)
            ids[index, place] = row.ids
            mask[index, place] = 1
            types[index, place] = row.type_ids
        features = {"input_ids": ids, "attention_mask": mask}
        if self._uses_types:
            features["token_type_ids"] = types
        return {name: torch.from_numpy(array).to(self.device) for name, array in features.items()}

    def _use_own_threads(self) -> None:
        # OpenMP keeps the number of threads per calling thread, so each of the engine's threads sets its own.
        if not hasattr(self._thread_state, "ready"):
            torch.set_num_threads(self._threads)
            self._thread_state.ready = True


class TorchEncoder(_TorchBackend):
    """A bi-encoder with its pooling; outputs are unit vectors, unless its similarity is not the cosine."""

    def _load(self, folder: str) -> SentenceTransformer:
        model = SentenceTransformer(
            folder, device=self.device, local_files_only=True, model_kwargs={"dtype": _DTYPES[self.precision]}
        )
        self._normalized = is_normalized(model)
        self._is_static = isinstance(model[0], StaticEmbedding)
        return model

    def _features(self, rows: Sequence[TokenRow]) -> dict[str, Tensor]:
        """What the model takes: rows padded to the longest, or, if it is static, one after the other."""
        if not self._is_static:
            return super()._features(rows)
        starts = np.cumsum([0, *(len(row.ids) for row in rows[:-1])])
        features = {"input_ids": np.concatenate([row.ids for row in rows]).astype(np.int64), "offsets": starts}
        return {name: torch.from_numpy(array).to(self.device) for name, array in features.items()}

    def _forward(self, features: dict[str, Tensor], rows: Sequence[TokenRow]) -> Tensor:
        if any(row.prompt for row in rows):
            transformer, *following = self._model
            features = transformer(features)
            features["attention_mask"] = _without_prompts(features["attention_mask"], rows)
            for module in following:
                features = module(features)
        else:
            features = self._model(features)
        vectors = features["sentence_embedding"].float()
        return torch.nn.functional.normalize(vectors, dim=-1) if self._normalized else vectors


def _without_prompts(mask: Tensor, rows: Sequence[TokenRow]) -> Tensor:
    """The mask `[rows, length]` by which tokens are pooled."""
    mask = mask.clone()
    for index, row in enumerate(rows):
        mask[index, : row.prompt] = 0
    return mask


class TorchCrossEncoder(_TorchBackend):
    """A cross-encoder with one label, or a language model that scores by its next token; outputs are logits."""

    def _load(self, folder: str) -> CrossEncoder:
        model: CrossEncoder = CrossEncoder(
            folder, device=self.device, local_files_only=True, model_kwargs={"dtype": _DTYPES[self.precision]}
        )
        # The last token of all rows is where the next is read off.
        self._pads_left = getattr(model[0], "transformer_task", None) == "text-generation"
        return model

    def _forward(self, features: dict[str, Tensor], rows: Sequence[TokenRow]) -> Tensor:  # noqa: ARG002
        last: dict[str, Any] = {"logits_to_keep": 1} if self._pads_left else {}
        scores: Tensor = self._model(features | last)["scores"]
        return scores.reshape(len(scores), -1)
