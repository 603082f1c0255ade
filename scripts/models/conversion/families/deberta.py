"""DeBERTa v2 and v3: BERT whose attention also weighs how far apart tokens are, from either side."""

from typing import Any

import numpy as np
import openvino
import openvino.opset15 as op
from numpy.typing import NDArray

from bentos.common.backends.interface import Kind
from scripts.models.conversion.attention import Heads
from scripts.models.conversion.blocks import Blocks, activated
from scripts.models.conversion.configuration import Config, read_activation, refuse
from scripts.models.conversion.families.bert import Bert, Names
from scripts.models.conversion.inputs import Inputs, axis, integers
from scripts.models.conversion.tensors import Array
from scripts.models.conversion.weights import constant

_USUAL = {
    "hidden_size": 1536,
    "num_hidden_layers": 24,
    "num_attention_heads": 24,
    "type_vocab_size": 0,
    "layer_norm_eps": 1e-7,
}
_BOTH = {"c2p", "p2c"}


class DebertaV2(Bert):
    """DeBERTa v2 and v3."""

    names = Names(query="attention.self.query_proj", key="attention.self.key_proj", value="attention.self.value_proj")

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        config = _USUAL | dict(config)
        refuse(config, conv_kernel_size=0, z_steps=0, attention_head_size=None, embedding_size=config["hidden_size"])
        super().__init__(config, kind, window)
        self._sees_positions: bool = config.get("position_biased_input", True)
        self._head_activation = read_activation(config, "pooler_hidden_act")
        self._sees_distances: bool = config.get("relative_attention", False)
        types: Any = config.get("pos_att_type") or []
        parts = types.lower().split("|") if isinstance(types, str) else types
        self._directions = {part.strip() for part in parts} & _BOTH
        farthest: int = config.get("max_relative_positions", -1)
        self._farthest: int = farthest if farthest >= 1 else config.get("max_position_embeddings", 512)
        self._buckets: int = config.get("position_buckets", -1)
        self._span = self._buckets if self._buckets > 0 else self._farthest
        self._norms_distances = "layer_norm" in config.get("norm_rel_ebd", "none").lower().split("|")
        self._shares_projections: bool = config.get("share_att_key", False)
        scale = (self._heads.size * (1 + len(self._directions))) ** -0.5
        self._heads = Heads(self._heads.count, self._heads.size, window, scale=scale)

    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Words, and positions and types where the model has them."""
        summed = blocks.words(inputs.ids)
        if self._sees_positions:
            summed = op.add(summed, blocks.lookup("embeddings.position_embeddings", inputs.positions))
        if self.types:
            summed = op.add(summed, blocks.lookup("embeddings.token_type_embeddings", inputs.types))
        return blocks.layer_norm(summed, "embeddings.LayerNorm", self._epsilon)

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """The pooler and a linear layer."""
        return blocks.dense(activated(blocks.dense(pooled, "pooler.dense"), self._head_activation), "classifier")

    def _attention(self, names: Names, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        joined = blocks.linear(hidden, names.query, names.key, names.value)
        query, key, value = self._heads.split(joined, inputs)
        mask = inputs.mask()
        if self._sees_distances and "c2p" in self._directions:
            table = self._distance_heads(names, "key", blocks)
            mask = op.add(mask, self._looked_up(query, table, inputs))
        if self._sees_distances and "p2c" in self._directions:
            table = self._distance_heads(names, "query", blocks)
            swapped = op.constant(np.array([0, 1, 3, 2]))
            mask = op.add(mask, op.transpose(self._looked_up(key, table, inputs, by_key=True), swapped))
        return self._heads.attend(query, key, value, mask)

    def _looked_up(
        self, heads: openvino.Node, table: openvino.Node, inputs: Inputs, *, by_key: bool = False
    ) -> openvino.Node:
        """Scores of tokens with the distances to others, `[1, heads, T, K]`, or `[1, heads, K, T]` by key."""
        scores = op.matmul(op.multiply(heads, op.constant(np.float32(self._heads.scale))), table, False, True)
        places = inputs.shared(("buckets", by_key), lambda: self._distance_rows(inputs, by_key=by_key))
        return op.gather_elements(scores, places, 3)

    def _distance_rows(self, inputs: Inputs, *, by_key: bool) -> openvino.Node:
        """Rows of the table of distances for all pairs of tokens and heads."""
        longest = self._heads.window
        rows = buckets_of(np.arange(-longest, longest + 1), self._buckets, self._farthest) + self._span
        rows = np.clip(rows, 0, 2 * self._span - 1).astype(np.int32)
        distances = op.add(inputs.distances, op.constant(np.int32(longest)))
        if by_key:
            distances = op.transpose(distances, op.constant(np.array([0, 2, 1])))
        return op.tile(
            op.unsqueeze(op.gather(op.constant(rows), distances, axis(0)), integers(1)),
            integers(1, self._heads.count, 1, 1),
        )

    def _distance_heads(self, names: Names, part: str, blocks: Blocks) -> openvino.Node:
        """The table of distances as keys or queries see it, `[1, heads, 2 x span, size]`, computed here."""
        table = blocks.read("encoder.rel_embeddings.weight")[: 2 * self._span]
        if self._norms_distances:
            table = self._normed(table, blocks)
        shared = names.key if part == "key" else names.query
        name = shared if self._shares_projections else f"{shared.rpartition('.')[0]}.pos_{part}_proj"
        turned = table @ blocks.read(f"{name}.weight").T + blocks.read(f"{name}.bias")
        apart = turned.reshape(len(table), self._heads.count, self._heads.size).transpose(1, 0, 2)
        return constant(np.ascontiguousarray(apart[None]))

    def _normed(self, table: Array, blocks: Blocks) -> Array:
        name = "encoder.LayerNorm"
        centred = table - table.mean(axis=1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + np.float32(self._epsilon))
        normed: Array = centred / deviation * blocks.read(f"{name}.weight") + blocks.read(f"{name}.bias")
        return normed


def buckets_of(distances: NDArray[np.int64], buckets: int, farthest: int) -> NDArray[np.int64]:
    """Distances, beyond half the buckets by their logarithm; as they are without buckets.

    Args:
        distances: how many positions a key is before a query.
        buckets: on each side.
        farthest: distance that the last bucket stands for.
    """
    if buckets <= 0 or farthest <= 0:
        return distances
    near = buckets // 2
    # In float32, as transformers rounds it.
    logarithm = np.log(np.maximum(np.abs(distances), near).astype(np.float32) / np.float32(near))
    steps = np.ceil(logarithm / np.log(np.float32((farthest - 1) / near)) * np.float32(near - 1))
    return np.where(np.abs(distances) <= near, distances, (steps + near) * np.sign(distances)).astype(np.int64)
