"""Qwen2, Qwen3, EuroBERT: rotary positions, shared heads of keys, RMS normalization, gated feed-forward layers."""

from abc import abstractmethod
from typing import ClassVar

import openvino
import openvino.opset15 as op

from bentos.common.backends.interface import Kind
from scripts.models.conversion.attention import Heads, Rotary, View
from scripts.models.conversion.blocks import Blocks, activated
from scripts.models.conversion.configuration import Config, read_activation, read_theta
from scripts.models.conversion.families.family import Answers, Family
from scripts.models.conversion.inputs import Inputs
from scripts.models.conversion.weights import constant


class Decoder(Family):
    """What these have in common; subclasses say what differs.

    Attributes:
        usual: entries of the configuration that files may leave out.
        query_bias: whether queries, keys and values have a bias; `attention_bias` of the configuration goes before.
        norms_heads: whether each head of queries and keys is normalized.
        offset: added to the weights of normalizations.
    """

    words = "embed_tokens.weight"
    usual: ClassVar[Config] = {
        "num_hidden_layers": 32,
        "hidden_size": 4096,
        "num_attention_heads": 32,
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
    }
    query_bias: ClassVar[bool] = False
    norms_heads: ClassVar[bool] = False
    offset: ClassVar[float] = 0

    def __init__(self, config: Config, kind: Kind, window: int) -> None:  # noqa: ARG002
        config = {**self.usual, **config}
        self.layers = config["num_hidden_layers"]
        self.width = config["hidden_size"]
        count = config["num_attention_heads"]
        size = config.get("head_dim") or self.width // count
        keys = config.get("num_key_value_heads") or count
        scale = (config.get("query_pre_attn_scalar") or size) ** -0.5
        self._heads = Heads(count, size, window, keys, scale)
        self._views = self.views(config)
        self._activation = read_activation(config, "hidden_act")
        self._epsilon: float = config["rms_norm_eps"]
        self._query_bias: bool = config.get("attention_bias", self.query_bias)
        self._output_bias: bool = config.get("attention_bias", False)
        self._inner_bias: bool = config.get("mlp_bias", False)

    @abstractmethod
    def views(self, config: Config) -> list[View]:
        """What the tokens of each layer see."""

    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Words."""
        return blocks.words(inputs.ids)

    def layer(self, number: int, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Attention, then the gated feed-forward layer."""
        name = f"layers.{number}"
        normed = self._norm(hidden, f"{name}.input_layernorm", blocks)
        hidden = op.add(hidden, self._attention(number, normed, inputs, blocks))
        normed = self._norm(hidden, f"{name}.post_attention_layernorm", blocks)
        return op.add(hidden, self._feed_forward(number, normed, blocks))

    def finish(self, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:  # noqa: ARG002
        """Normalized."""
        return self._norm(hidden, "norm", blocks)

    def _attention(self, number: int, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        name, view = f"layers.{number}.self_attn", self._views[number]
        parts = (f"{name}.{part}_proj" for part in "qkv")
        query, key, value = self._heads.split(blocks.linear(hidden, *parts, bias=self._query_bias), inputs)
        if self.norms_heads:
            query, key = self._norm(query, f"{name}.q_norm", blocks), self._norm(key, f"{name}.k_norm", blocks)
        query, key = view.rotary.turn(query, key, inputs)
        context = self._heads.attend(query, key, value, view.mask(inputs))
        return blocks.linear(context, f"{name}.o_proj", bias=self._output_bias)

    def _feed_forward(self, number: int, hidden: openvino.Node, blocks: Blocks) -> openvino.Node:
        name = f"layers.{number}.mlp"
        inner = blocks.gated(hidden, self._activation, f"{name}.gate_proj", f"{name}.up_proj", bias=self._inner_bias)
        return blocks.linear(inner, f"{name}.down_proj", bias=self._inner_bias)

    def _norm(self, hidden: openvino.Node, name: str, blocks: Blocks) -> openvino.Node:
        return blocks.rms_norm(hidden, name, self._epsilon, offset=self.offset)

    def _rotary(self, theta: float) -> Rotary:
        return Rotary(theta, self._heads.size, self._heads.window)


class Qwen2(Decoder):
    """Qwen2: causal, in some models with layers that see a window only; a score is read off the last token.

    Attributes:
        tied: whether the language model's head is the table of words, unless the configuration says it.
    """

    query_bias = True
    classifier_pooling = "last"
    tied: ClassVar[bool] = False

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        super().__init__(config, kind, window)
        self._padding_id: int | None = config.get("pad_token_id") if kind == "cross-encoder" else None
        self._next_words = self.words if config.get("tie_word_embeddings", self.tied) else "lm_head.weight"

    def views(self, config: Config) -> list[View]:
        """From the first of them on, layers see a window."""
        rotary = self._rotary(read_theta(config, 10_000))
        window = config.get("sliding_window", 4096) if config.get("use_sliding_window") else None
        first = config.get("max_window_layers", 28) if window else self.layers
        kinds = config.get("layer_types") or ["sliding_attention" if n >= first else "" for n in range(self.layers)]
        if not config.get("is_causal", True):
            whole, part = View(rotary), View(rotary, window, window)
        else:  # a causal window counts the token itself
            whole, part = View(rotary, after=0), View(rotary, window and window - 1, after=0)
        return [part if kind == "sliding_attention" else whole for kind in kinds]

    def finish(self, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Normalized; a score is read off the last token that is not padding."""
        normed = super().finish(hidden, inputs, blocks)
        return normed if self._padding_id is None else inputs.skip_padding(normed, self._padding_id)

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """A linear layer."""
        return blocks.dense(pooled, "score", bias=False)

    def answer(self, pooled: openvino.Node, blocks: Blocks, tokens: Answers) -> openvino.Node:
        """One row of the language model's head, or the difference of two."""
        row = blocks.row(self._next_words, tokens.relevant)
        if tokens.irrelevant is not None:
            row = row - blocks.row(self._next_words, tokens.irrelevant)
        return op.matmul(pooled, constant(row[None]), False, True)


class Qwen3(Qwen2):
    """Qwen3: heads of queries and keys are normalized."""

    usual: ClassVar[Config] = {**Qwen2.usual, "head_dim": 128}
    query_bias = False
    norms_heads = True


class EuroBert(Decoder):
    """EuroBERT: every token sees every other."""

    usual: ClassVar[Config] = {
        **Decoder.usual,
        "num_hidden_layers": 12,
        "hidden_size": 768,
        "num_attention_heads": 12,
        "rms_norm_eps": 1e-5,
    }

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        super().__init__(config, kind, window)
        pooling = config.get("classifier_pooling", "late")
        self.classifier_pooling = "first" if pooling == "bos" else "mean"
        # Each token is scored, and the mean taken: the same as the score of the mean of what the last layer gets.
        self._scores_tokens = kind == "cross-encoder" and pooling == "late"

    def views(self, config: Config) -> list[View]:
        """Everything."""
        return [View(self._rotary(read_theta(config, 10_000)))] * self.layers

    def finish(self, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Normalized, and scored up to the last layer."""
        normed = super().finish(hidden, inputs, blocks)
        return self._inner(normed, blocks) if self._scores_tokens else normed

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """Two linear layers."""
        return blocks.dense(pooled if self._scores_tokens else self._inner(pooled, blocks), "classifier")

    def _inner(self, hidden: openvino.Node, blocks: Blocks) -> openvino.Node:
        return activated(blocks.dense(hidden, "dense"), "gelu")
