"""BERT, RoBERTa, ELECTRA: absolute positions, normalization after each sublayer, a plain feed-forward layer."""

from typing import ClassVar, NamedTuple

import numpy as np
import openvino
import openvino.opset15 as op

from bentos.common.backends.interface import Kind
from scripts.models.conversion.attention import Heads
from scripts.models.conversion.blocks import Blocks, activated
from scripts.models.conversion.configuration import Config, read_activation, refuse
from scripts.models.conversion.families.family import Family
from scripts.models.conversion.inputs import Inputs, axis, integers


class Names(NamedTuple):
    """Names of the weights of a layer, without its number in front."""

    query: str = "attention.self.query"
    key: str = "attention.self.key"
    value: str = "attention.self.value"
    attention_output: str = "attention.output.dense"
    attention_norm: str = "attention.output.LayerNorm"
    inner: str = "intermediate.dense"
    output: str = "output.dense"
    output_norm: str = "output.LayerNorm"


class Bert(Family):
    """BERT; subclasses say what differs."""

    names: ClassVar[Names] = Names()
    prefix: ClassVar[str] = "encoder.layer"
    epsilon: ClassVar[float] = 1e-12

    def __init__(self, config: Config, kind: Kind, window: int) -> None:  # noqa: ARG002
        refuse(config, position_embedding_type="absolute", is_decoder=False)
        self.layers = config.get("num_hidden_layers", 12)
        self.width = config.get("hidden_size", 768)
        self.types = config.get("type_vocab_size", 2)
        self._epsilon = config.get("layer_norm_eps", self.epsilon)
        self._activation = read_activation(config, "hidden_act")
        heads = config.get("num_attention_heads", 12)
        self._heads = Heads(heads, self.width // heads, window)

    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Words, types and positions."""
        summed = blocks.words(inputs.ids)
        if self.types:
            summed = op.add(summed, blocks.lookup("embeddings.token_type_embeddings", inputs.types))
        summed = op.add(summed, blocks.lookup("embeddings.position_embeddings", self._places(inputs)))
        return blocks.layer_norm(summed, "embeddings.LayerNorm", self._epsilon)

    def layer(self, number: int, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """Attention, then the feed-forward layer."""
        names = Names(*(f"{self.prefix}.{number}.{name}" for name in self.names))
        attended = blocks.linear(self._attention(names, hidden, inputs, blocks), names.attention_output)
        hidden = blocks.layer_norm(op.add(attended, hidden), names.attention_norm, self._epsilon)
        inner = activated(blocks.linear(hidden, names.inner), self._activation)
        output = blocks.linear(inner, names.output)
        return blocks.layer_norm(op.add(output, hidden), names.output_norm, self._epsilon)

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """The pooler and a linear layer."""
        return blocks.dense(activated(blocks.dense(pooled, "pooler.dense"), "tanh"), "classifier")

    def _attention(self, names: Names, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        scale = self._heads.size**-0.5
        joined = blocks.linear(hidden, names.query, names.key, names.value, factor=scale)
        query, key, value = self._heads.split(joined, inputs)
        return self._heads.attend(query, key, value, self._mask(inputs, blocks), is_scaled=True)

    def _mask(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:  # noqa: ARG002
        return inputs.mask()

    def _places(self, inputs: Inputs) -> openvino.Node:
        """Rows of the table of positions, `[1, T]`."""
        return inputs.positions


class Electra(Bert):
    """ELECTRA: narrower embeddings, and a head of its own."""

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        super().__init__({"hidden_size": 256, "num_attention_heads": 4} | dict(config), kind, window)

    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """BERT's, widened where they are narrower."""
        embedded = super().embed(inputs, blocks)
        name = "embeddings_project"
        return blocks.linear(embedded, name) if blocks.has(f"{name}.weight") else embedded

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """Two linear layers."""
        return blocks.dense(activated(blocks.dense(pooled, "classifier.dense"), "gelu"), "classifier.out_proj")


class Roberta(Bert):
    """RoBERTa, XLM-RoBERTa, CamemBERT: positions start behind the padding id, and skip padding."""

    epsilon = 1e-5

    def __init__(self, config: Config, kind: Kind, window: int) -> None:
        super().__init__(config, kind, window)
        self._padding_id: int = config.get("pad_token_id", 1)

    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """Two linear layers."""
        return blocks.dense(activated(blocks.dense(pooled, "classifier.dense"), "tanh"), "classifier.out_proj")

    def _places(self, inputs: Inputs) -> openvino.Node:
        """As transformers counts the tokens that are not padding: a text may spell one out."""
        padding = op.constant(np.int32(self._padding_id))
        is_padding = op.equal(inputs.ids, padding)
        before = op.cumsum(op.convert(is_padding, "i32"), axis(1), exclusive=True)
        before_text = op.gather(op.squeeze(before, integers(0)), inputs.starts, axis(0))
        counted = op.subtract(inputs.positions, op.subtract(before, before_text))
        return op.select(is_padding, padding, op.add(counted, op.constant(np.int32(self._padding_id + 1))))
