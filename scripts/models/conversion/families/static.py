"""Static models (StaticEmbedding of sentence-transformers, model2vec): a row of a table for each token, no layers."""

import numpy as np
import openvino
import openvino.opset15 as op

from scripts.models.conversion.blocks import Blocks
from scripts.models.conversion.families.family import Family
from scripts.models.conversion.inputs import Inputs, axis, integers
from scripts.models.conversion.tensors import Tensors
from scripts.models.conversion.torch_only import not_convertible
from scripts.models.conversion.weights import constant

# As sentence-transformers names the table, and as model2vec does.
_TABLES = ("embedding.weight", "embeddings")


class Static(Family):
    """A table of words. In model2vec's files `mapping` may say which row a token has, and `weights` how it is scaled.

    Args:
        tensors: of the model.

    Raises:
        UsageError: there is no table among them.
    """

    layers = 0

    def __init__(self, tensors: Tensors) -> None:
        self.words = next((name for name in _TABLES if name in tensors.names), _TABLES[0])
        _, self.width = tensors.shape(self.words)

    def tokens(self, blocks: Blocks) -> int:
        """Those of the mapping, if there is one."""
        return blocks.rows("mapping" if blocks.has("mapping") else self.words)

    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Rows of the table."""
        _ = inputs.positions  # all graphs take them
        rows = inputs.ids
        if blocks.has("mapping"):
            rows = op.gather(op.constant(blocks.read("mapping").astype(np.int32)), rows, axis(0))
        hidden = blocks.words(rows)
        if blocks.has("weights"):
            weights = op.gather(constant(blocks.read("weights")), inputs.ids, axis(0))
            hidden = op.multiply(hidden, op.unsqueeze(weights, integers(2)))
        return hidden

    def layer(self, number: int, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:  # noqa: ARG002
        """There is none."""
        return hidden

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:  # noqa: ARG002
        """There is no classifier."""
        raise not_convertible("Static cross-encoders")
