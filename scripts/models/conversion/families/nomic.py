"""Nomic BERT: BERT with rotary positions and gated feed-forward layers."""

import openvino
import openvino.opset15 as op

from bentos.common.backends.interface import Kind
from scripts.models.conversion.attention import Rotary
from scripts.models.conversion.blocks import Blocks
from scripts.models.conversion.configuration import Config, read_activation, read_theta
from scripts.models.conversion.families.bert import Bert
from scripts.models.conversion.inputs import Inputs

# Names of the published files, and those that transformers gives them.
_PUBLISHED = {
    "embeddings.LayerNorm": "emb_ln",
    "post_attention_layernorm": "norm1",
    "post_mlp_layernorm": "norm2",
    "self_attn.o_proj": "attn.out_proj",
    "mlp.gate_proj": "mlp.fc12",
    "mlp.up_proj": "mlp.fc11",
    "mlp.down_proj": "mlp.fc2",
}


class NomicBert(Bert):
    """Nomic BERT."""

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        super().__init__(config, kind, window)
        self._activation = read_activation(config, "hidden_act", "silu")
        self._rotary = Rotary(read_theta(config, 1000), self._heads.size, window)

    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Words and types."""
        kinds = blocks.lookup("embeddings.token_type_embeddings", inputs.types)
        name = "embeddings.LayerNorm"
        name = name if blocks.has(f"{name}.weight") else _PUBLISHED[name]
        return blocks.layer_norm(op.add(blocks.words(inputs.ids), kinds), name, self._epsilon)

    def layer(self, number: int, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Attention, then the gated feed-forward layer."""
        is_published = blocks.has("emb_ln.weight")
        layer = f"encoder.layers.{number}." if is_published else f"layers.{number}."

        def named(name: str) -> str:
            return layer + (_PUBLISHED[name] if is_published else name)

        parts = ["attn.Wqkv"] if is_published else [f"self_attn.{part}_proj" for part in "qkv"]
        joined = blocks.linear(hidden, *(layer + part for part in parts), bias=False)
        query, key, value = self._heads.split(joined, inputs)
        query, key = self._rotary.turn(query, key, inputs)
        context = self._heads.attend(query, key, value, inputs.mask())
        attended = blocks.linear(context, named("self_attn.o_proj"), bias=False)
        hidden = blocks.layer_norm(op.add(hidden, attended), named("post_attention_layernorm"), self._epsilon)
        inner = blocks.gated(hidden, self._activation, named("mlp.gate_proj"), named("mlp.up_proj"))
        output = blocks.linear(inner, named("mlp.down_proj"), bias=False)
        return blocks.layer_norm(op.add(hidden, output), named("post_mlp_layernorm"), self._epsilon)
