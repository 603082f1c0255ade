"""DistilBERT: BERT without types of tokens, under other names."""

import openvino

from bentos.common.backends.interface import Kind
from scripts.models.conversion.blocks import Blocks, activated
from scripts.models.conversion.configuration import Config
from scripts.models.conversion.families.bert import Bert, Names

_ENTRIES = {
    "num_hidden_layers": ("n_layers", 6),
    "num_attention_heads": ("n_heads", 12),
    "hidden_size": ("dim", 768),
    "hidden_act": ("activation", "gelu"),
}


class DistilBert(Bert):
    """DistilBERT."""

    prefix = "transformer.layer"
    names = Names(
        query="attention.q_lin",
        key="attention.k_lin",
        value="attention.v_lin",
        attention_output="attention.out_lin",
        attention_norm="sa_layer_norm",
        inner="ffn.lin1",
        output="ffn.lin2",
        output_norm="output_layer_norm",
    )

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        named = {bert: config.get(name, default) for bert, (name, default) in _ENTRIES.items()}
        super().__init__(named | {"type_vocab_size": 0}, kind, window)

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """Two linear layers."""
        return blocks.dense(activated(blocks.dense(pooled, "pre_classifier"), "relu"), "classifier")
