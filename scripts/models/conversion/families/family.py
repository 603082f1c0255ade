"""What a packed graph needs to know of a family of transformers."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import openvino

from bentos.common.backends.interface import Kind, Pooling
from scripts.models.conversion.blocks import Blocks
from scripts.models.conversion.configuration import Config
from scripts.models.conversion.inputs import Inputs
from scripts.models.conversion.torch_only import not_convertible


class Answers(NamedTuple):
    """Tokens by which a language model scores.

    Attributes:
        relevant: says that a document is relevant.
        irrelevant: says that it is not; None if only the first is looked at.
    """

    relevant: int
    irrelevant: int | None


class Family(ABC):
    """A transformer as its `config.json` describes it. It is written part by part, each time with the same blocks.

    Args:
        config: of the model.
        kind: what the model is used for.
        window: most tokens of a sequence.

    Attributes:
        layers: how many there are.
        width: numbers of a hidden state.
        types: how many types of tokens it tells apart, such as the two texts of a pair.
        classifier_pooling: of its cross-encoders.
        words: name of the table of words within the transformer.

    Raises:
        UsageError: the family has variants, and this one is not known.
    """

    words: str = "embeddings.word_embeddings.weight"
    layers: int
    width: int
    types: int = 0
    classifier_pooling: Pooling = "first"

    @abstractmethod
    def __init__(self, config: Config, kind: Kind, window: int) -> None: ...

    def tokens(self, blocks: Blocks) -> int:
        """How many token ids, from 0, the weights have rows for."""
        return blocks.rows(self.words)

    @abstractmethod
    def embed(self, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """What the first layer gets, `[1, T, width]`."""

    @abstractmethod
    def layer(self, number: int, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
        """The output of a layer, `[1, T, width]`.

        Args:
            number: from 0.
            hidden: its input.
            inputs: of the graph.
            blocks: of the model.
        """

    def finish(self, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:  # noqa: ARG002
        """What is pooled, `[1, T, width]`, from the output of the last layer."""
        return hidden

    def answer(self, pooled: openvino.Node, blocks: Blocks, tokens: Answers) -> openvino.Node:  # noqa: ARG002
        """How much rather a language model would go on with one token than with the other, `[n, 1]`."""
        raise not_convertible("Language models of this family that score pairs")

    @abstractmethod
    def logits(self, pooled: openvino.Node, blocks: Blocks) -> openvino.Node:
        """The classifier of a cross-encoder, `[n, 1]`, on pooled states `[n, width]`."""
