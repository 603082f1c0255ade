"""The packed graph: a model that takes many sequences in one row of tokens, with its pooling and head.

All sequences of a micro-batch lie one after the other in a row of T tokens. A token attends to the tokens of its own
sequence only, by an additive mask that the graph makes from `segments`. Inputs, int32 but for `pool`:

    input_ids, position_ids, segments, token_type_ids   [1, T]
    pool                                                [n, T] float32

`position_ids` count from 0 in each sequence. `segments` numbers the sequences, -1 is filler. `token_type_ids` is left
out where the model has a single type. A row of `pool` weighs the tokens of one sequence: 1/length each, or 1 for the
first one. The output `outputs` is float32 `[n, width]`: unit vectors of an encoder, logits of a cross-encoder.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder
from torch import Tensor, nn

from bentos.common.backends.interface import Pooling, TokenRow
from scripts.command import UsageError
from scripts.models.original import Original

PackedInputs = dict[str, NDArray[np.int32] | NDArray[np.float32]]

# Low enough that the softmax gives exactly 0, and within the range of every precision.
_MASKED = -1e4
_FILLER_TOKENS = 3
_BERT = {"bert"}
# These start positions after the padding id.
_ROBERTA = {"roberta", "xlm-roberta", "camembert"}
_POOLINGS: dict[object, Pooling] = {"mean": "mean", "cls": "first"}


class _Packed(nn.Module):
    """What encoder and cross-encoder share: mask, positions, weighing of tokens."""

    def __init__(self, transformer: Any) -> None:
        super().__init__()
        self.transformer = transformer
        config = transformer.config
        self.first_position: int = config.pad_token_id + 1 if config.model_type in _ROBERTA else 0

    def forward(
        self,
        input_ids: Tensor,
        position_ids: Tensor,
        segments: Tensor,
        pool: Tensor,
        token_type_ids: Tensor | None = None,
    ) -> Tensor:
        same = segments.unsqueeze(2) == segments.unsqueeze(1)
        hidden = self.transformer.base_model(
            input_ids=input_ids,
            position_ids=position_ids + self.first_position,
            token_type_ids=token_type_ids,
            # transformers leaves a mask of four dimensions as it is.
            attention_mask=torch.where(same, 0.0, _MASKED).unsqueeze(1),
        ).last_hidden_state[0]
        return self.head(pool @ hidden)

    def head(self, pooled: Tensor) -> Tensor:
        return nn.functional.normalize(pooled, dim=-1)


class _PackedCrossEncoder(_Packed):
    def head(self, pooled: Tensor) -> Tensor:
        # Heads take all tokens of a sequence and pick the first, which here is the only one.
        first = pooled.unsqueeze(1)
        if self.transformer.config.model_type in _BERT:
            first = self.transformer.base_model.pooler(first)
        logits: Tensor = self.transformer.classifier(first)
        return logits


def pooling_of(model: Original) -> Pooling:
    """How the graph has to weigh tokens.

    Raises:
        UsageError: The graph cannot express the model.
    """
    following: list[Any] = list(model)[1:]
    config = _transformer(model).config
    if config.model_type not in _BERT | _ROBERTA or getattr(config, "is_decoder", False):
        raise UsageError(f"Models of type {config.model_type} cannot be converted to OpenVINO: use --precision none.")
    if isinstance(model, CrossEncoder):
        if following or config.num_labels != 1:
            raise UsageError("Only cross-encoders with one label can be converted: use --precision none.")
        return "first"
    names = [type(module).__name__ for module in following]
    if names not in (["Pooling"], ["Pooling", "Normalize"]):
        raise UsageError(
            f"A model with the modules {', '.join(names) or 'Transformer'} cannot be converted: use --precision none."
        )
    pooling = following[0]
    if pooling.pooling_mode not in _POOLINGS or not pooling.include_prompt:
        raise UsageError(
            f"Pooling {pooling.pooling_mode}{'' if pooling.include_prompt else ' without the prompt'} "
            "cannot be converted, only mean and cls of all tokens can: use --precision none."
        )
    return _POOLINGS[pooling.pooling_mode]


def packed_graph(model: Original) -> openvino.Model:
    """Convert a loaded model to the packed graph, in fp32.

    Raises:
        UsageError: The graph cannot express the model.
    """
    pooling = pooling_of(model)
    transformer = _transformer(model).eval()
    packed = (_PackedCrossEncoder if isinstance(model, CrossEncoder) else _Packed)(transformer).eval()
    rows = [TokenRow(np.full(length, 5, np.int32), np.zeros(length, np.int32)) for length in (7, 4)]
    example = pack(rows, pooling, uses_types=transformer.config.type_vocab_size > 1)
    shapes = {name: [-1 if name == "pool" else 1, -1] for name in example}
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's, on what transformers decides by shape
            graph = openvino.convert_model(
                packed,
                example_input={name: torch.from_numpy(array) for name, array in example.items()},
                input=[(name, shapes[name], openvino.Type(array.dtype)) for name, array in example.items()],
            )
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"OpenVINO cannot convert the model: {type(error).__name__}: {reason}") from error
    graph.outputs[0].get_tensor().set_names({"outputs"})
    return graph


def _transformer(model: Original) -> Any:
    first: Any = model[0]
    return first.auto_model


def pack(rows: Sequence[TokenRow], pooling: Pooling, *, uses_types: bool) -> PackedInputs:
    """Inputs of the graph for these rows, with a little filler at the end."""
    tokens = sum(len(row.ids) for row in rows) + _FILLER_TOKENS
    ids, positions, types = (np.zeros((1, tokens), np.int32) for _ in range(3))
    segments = np.full((1, tokens), -1, np.int32)
    pool = np.zeros((len(rows), tokens), np.float32)
    start = 0
    for number, row in enumerate(rows):
        length = len(row.ids)
        part = slice(start, start + length)
        ids[0, part], types[0, part], positions[0, part] = row.ids, row.type_ids, np.arange(length)
        segments[0, part] = number
        pool[number, part if pooling == "mean" else start] = 1 / length if pooling == "mean" else 1
        start += length
    inputs: PackedInputs = {"input_ids": ids, "position_ids": positions, "segments": segments, "pool": pool}
    return inputs | {"token_type_ids": types} if uses_types else inputs
