"""Gemma 3 and EmbeddingGemma: normalization in front of each sublayer and behind it, layers that see a window only."""

from typing import ClassVar

import numpy as np
import openvino
import openvino.opset15 as op

from bentos.common.backends.interface import Kind
from scripts.models.conversion.attention import View
from scripts.models.conversion.blocks import Blocks
from scripts.models.conversion.configuration import Config, read_theta, refuse
from scripts.models.conversion.families.decoder import Decoder, Qwen2
from scripts.models.conversion.inputs import Inputs


class Gemma3(Qwen2):
    """Gemma 3; EmbeddingGemma is one where every token sees those ahead as well."""

    usual: ClassVar[Config] = {
        **Decoder.usual,
        "num_hidden_layers": 26,
        "hidden_size": 2304,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "query_pre_attn_scalar": 256,
        "hidden_activation": "gelu_pytorch_tanh",
    }
    query_bias = False
    norms_heads = True
    offset = 1
    tied = True

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        refuse(config, attn_logit_softcapping=None, final_logit_softcapping=None)
        activation = config.get("hidden_activation", self.usual["hidden_activation"])
        super().__init__({"pad_token_id": 0, **config, "hidden_act": activation}, kind, window)

    def views(self, config: Config) -> list[View]:
        """All but every sixth layer see a window."""
        wide = self._rotary(read_theta(config, 1_000_000, layers="full_attention"))
        narrow = self._rotary(
            read_theta(config, 10_000, layers="sliding_attention", entry="rope_local_base_freq", scaled=False)
        )
        window: int = config.get("sliding_window") or 4096
        if config.get("use_bidirectional_attention"):
            whole, part = View(wide), View(narrow, window // 2, window // 2)
        else:  # a causal window counts the token itself
            whole, part = View(wide, after=0), View(narrow, window - 1, after=0)
        every = config.get("sliding_window_pattern") or 6
        kinds = config.get("layer_types") or [
            "" if n % every == 0 else "sliding_attention" for n in range(1, self.layers + 1)
        ]
        return [part if kind == "sliding_attention" else whole for kind in kinds]

    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Words, scaled."""
        return op.multiply(blocks.words(inputs.ids), op.constant(np.float32(self.width**0.5)))

    def layer(self, number: int, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Attention, then the gated feed-forward layer."""
        name = f"layers.{number}"
        normed = self._norm(hidden, f"{name}.input_layernorm", blocks)
        attended = self._attention(number, normed, inputs, blocks)
        hidden = op.add(hidden, self._norm(attended, f"{name}.post_attention_layernorm", blocks))
        normed = self._norm(hidden, f"{name}.pre_feedforward_layernorm", blocks)
        inner = self._feed_forward(number, normed, blocks)
        return op.add(hidden, self._norm(inner, f"{name}.post_feedforward_layernorm", blocks))
