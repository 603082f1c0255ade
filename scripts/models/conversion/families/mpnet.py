"""MPNet: RoBERTa with a bias of attention by how far tokens are from each other."""

import math

import numpy as np
import openvino
import openvino.opset15 as op
from numpy.typing import NDArray

from bentos.common.backends.interface import Kind
from scripts.models.conversion.blocks import Blocks
from scripts.models.conversion.configuration import Config
from scripts.models.conversion.families.bert import Names, Roberta
from scripts.models.conversion.inputs import Inputs, axis
from scripts.models.conversion.weights import constant

# Of transformers' code, whatever the configuration says.
_PADDING_ID = 1
_BUCKETS = 32
_FARTHEST = 128


class MPNet(Roberta):
    """MPNet."""

    epsilon = 1e-12
    names = Names(
        query="attention.attn.q",
        key="attention.attn.k",
        value="attention.attn.v",
        attention_output="attention.attn.o",
        attention_norm="attention.LayerNorm",
    )

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        super().__init__({**config, "type_vocab_size": 0, "pad_token_id": _PADDING_ID}, kind, window)

    def _mask(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        return inputs.shared("bias", lambda: op.add(self._bias(inputs, blocks), inputs.mask()))

    def _bias(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Added to the scores, `[1, heads, T, K]`."""
        farthest = self._heads.window
        buckets = bucket_of(np.arange(-farthest, farthest + 1))
        values = blocks.read("encoder.relative_attention_bias.weight")[buckets].T.copy()
        places = op.add(inputs.distances, op.constant(np.int32(farthest)))
        return op.transpose(op.gather(constant(values), places, axis(1)), op.constant(np.array([1, 0, 2, 3])))


def bucket_of(distances: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the table of biases: half of them for tokens ahead, and finer the nearer a token is.

    Args:
        distances: how many positions a key is before a query.
    """
    half, exact = _BUCKETS // 2, _BUCKETS // 4
    far = np.abs(distances)
    # In float32, as transformers rounds it.
    logarithm = np.log(np.maximum(far, exact).astype(np.float32) / np.float32(exact))
    steps = (logarithm / np.float32(math.log(_FARTHEST / exact)) * np.float32(half - exact)).astype(np.int64)
    return half * (distances < 0) + np.where(far < exact, far, np.minimum(exact + steps, half - 1))
