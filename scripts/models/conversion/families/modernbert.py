"""ModernBERT: rotary positions, layers that see a window only, gated feed-forward layers, normalization in front."""

import openvino
import openvino.opset15 as op

from bentos.common.backends.interface import Kind
from scripts.models.conversion.attention import Heads, Rotary, View
from scripts.models.conversion.blocks import Blocks, activated
from scripts.models.conversion.configuration import Config, read_activation, read_theta
from scripts.models.conversion.families.family import Family
from scripts.models.conversion.inputs import Inputs


class ModernBert(Family):
    """ModernBERT."""

    words = "embeddings.tok_embeddings.weight"

    def __init__(self, config: Config, kind: Kind, window: int) -> None:  # noqa: ARG002
        self.layers = config.get("num_hidden_layers", 22)
        self.width = config.get("hidden_size", 768)
        self.classifier_pooling = "mean" if config.get("classifier_pooling") == "mean" else "first"
        heads = config.get("num_attention_heads", 12)
        self._heads = Heads(heads, self.width // heads, window)
        self._views = self._read_views(config)
        self._activation = read_activation(config, "hidden_activation")
        self._head_activation = read_activation(config, "classifier_activation")
        self._epsilon = config.get("norm_eps", 1e-5)
        self._biases = {name: config.get(f"{name}_bias", False) for name in ("norm", "attention", "mlp", "classifier")}

    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Words."""
        return self._norm(blocks.words(inputs.ids), "embeddings.norm", blocks)

    def layer(self, number: int, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Attention, then the gated feed-forward layer."""
        name = f"layers.{number}"
        # The first comes right behind a normalization.
        normed = self._norm(hidden, f"{name}.attn_norm", blocks) if number else hidden
        joined = blocks.linear(normed, f"{name}.attn.Wqkv", bias=self._biases["attention"])
        query, key, value = self._heads.split(joined, inputs)
        query, key = self._views[number].rotary.turn(query, key, inputs)
        context = self._heads.attend(query, key, value, self._views[number].mask(inputs))
        hidden = op.add(hidden, blocks.linear(context, f"{name}.attn.Wo", bias=self._biases["attention"]))
        normed = self._norm(hidden, f"{name}.mlp_norm", blocks)
        inner = blocks.gated(normed, self._activation, f"{name}.mlp.Wi", bias=self._biases["mlp"])
        return op.add(hidden, blocks.linear(inner, f"{name}.mlp.Wo", bias=self._biases["mlp"]))

    def finish(self, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:  # noqa: ARG002
        """Normalized."""
        return self._norm(hidden, "final_norm", blocks)

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """A linear layer, normalized, and another one."""
        inner = activated(blocks.dense(pooled, "head.dense", bias=self._biases["classifier"]), self._head_activation)
        return blocks.dense(self._norm(inner, "head.norm", blocks), "classifier")

    def _read_views(self, config: Config) -> list[View]:
        """All but every third layer see a window."""
        size, window = self._heads.size, self._heads.window
        wide = read_theta(config, 160_000, layers="full_attention", entry="global_rope_theta")
        narrow = read_theta(config, 10_000, layers="sliding_attention", entry="local_rope_theta")
        reach = config.get("sliding_window") or config.get("local_attention", 128) // 2
        whole, part = View(Rotary(wide, size, window)), View(Rotary(narrow, size, window), reach, reach)
        every = config.get("global_attn_every_n_layers", 3)
        kinds = config.get("layer_types") or ["sliding_attention" if n % every else "" for n in range(self.layers)]
        return [part if kind == "sliding_attention" else whole for kind in kinds]

    def _norm(self, hidden: openvino.Node, name: str, blocks: Blocks) -> openvino.Node:
        return blocks.layer_norm(hidden, name, self._epsilon, bias=self._biases["norm"])
