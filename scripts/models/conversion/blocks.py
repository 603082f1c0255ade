"""What transformers are made of, with a model's weights, written with OpenVINO's operations."""

from collections.abc import Callable, Iterable
from itertools import chain

import numpy as np
import openvino
import openvino.opset15 as op

from scripts.command import UsageError
from scripts.models.conversion.configuration import Activation
from scripts.models.conversion.inputs import axis, integers
from scripts.models.conversion.tensors import Array, Tensors
from scripts.models.conversion.weights import constant

Matrix = Callable[[tuple[int, int], Iterable[Array], openvino.Node | None], openvino.Node]
"""How matrices are stored: see `weights`."""


class Blocks:
    """Writes parts of a model. Weights are named as they are within the transformer, or in a head behind it.

    Args:
        tensors: of the model.
        matrix: how large matrices are stored; those of heads, which are small, stay as they are.
        words: name of the table of words within the transformer, by which its weights are found among all.

    Raises:
        UsageError: there is no such table. All methods raise it for a weight that is missing.
    """

    def __init__(self, tensors: Tensors, matrix: Matrix, words: str) -> None:
        self._tensors = tensors
        self._matrix = matrix
        self._words = words
        tables = [name for name in tensors.names if name == words or name.endswith(f".{words}")]
        if len(tables) != 1:
            raise UsageError(f"The weights are not those of the config.json: {words} is missing.")
        self._prefix = tables[0].removesuffix(words)

    def has(self, name: str) -> bool:
        """Whether there is such a weight."""
        return self._full_name(name) in self._tensors.names

    def read(self, name: str) -> Array:
        """A weight as it is, to compute with while the graph is written."""
        return self._tensors.read(self._full_name(name))

    def rows(self, name: str) -> int:
        """How many rows a weight has."""
        return self._tensors.shape(self._full_name(name))[0]

    def row(self, name: str, number: int) -> Array:
        """One row of a matrix."""
        return self._tensors.row(self._full_name(name), number)

    def words(self, ids: openvino.Node) -> openvino.Node:
        """Embeddings of token ids `[1, T]`."""
        return self._table([self._words], chosen=ids)

    def lookup(self, name: str, rows: openvino.Node) -> openvino.Node:
        """Rows of a small table, by their numbers `[1, T]`."""
        return op.gather(constant(self.read(f"{name}.weight")), rows, axis(0))

    def linear(self, hidden: openvino.Node, *names: str, bias: bool = True, factor: float = 1) -> openvino.Node:
        """Linear layers with one input: it is read, and quantized, once. Their outputs lie side by side.

        Args:
            hidden: the input.
            names: of the layers.
            bias: whether they have one.
            factor: what the first one's output is multiplied by, at no cost: its weights are.
        """
        product = op.matmul(hidden, self._table([f"{name}.weight" for name in names], factor), False, True)
        if not bias:
            return product
        first, *others = (self.read(f"{name}.bias") for name in names)
        return op.add(product, constant(np.concatenate([first * np.float32(factor), *others])[None, None]))

    def layer_norm(self, hidden: openvino.Node, name: str, epsilon: float, *, bias: bool = True) -> openvino.Node:
        """Normalization of the last dimension."""
        centred = op.mvn(hidden, integers(-1), True, epsilon, "inside_sqrt")
        scaled = op.multiply(centred, constant(self.read(f"{name}.weight")))
        return op.add(scaled, constant(self.read(f"{name}.bias"))) if bias else scaled

    def rms_norm(self, hidden: openvino.Node, name: str, epsilon: float, *, offset: float = 0) -> openvino.Node:
        """Normalization of the last dimension by its root mean square; `offset` is added to the weight."""
        square = op.reduce_mean(op.power(hidden, op.constant(np.float32(2))), integers(-1), True)
        root = op.sqrt(op.add(square, op.constant(np.float32(epsilon))))
        scale = self.read(f"{name}.weight") + np.float32(offset)
        return op.multiply(op.multiply(hidden, op.divide(op.constant(np.float32(1)), root)), constant(scale))

    def gated(self, hidden: openvino.Node, activation: Activation, *names: str, bias: bool = False) -> openvino.Node:
        """The inside of a gated feed-forward layer: one half goes through the activation and weighs the other.

        Args:
            hidden: its input.
            activation: of the gate.
            names: of the gate and of what it weighs, or of one matrix with both, one below the other.
            bias: whether they have one.
        """
        gate, value = op.split(self.linear(hidden, *names, bias=bias), axis(2), 2).outputs()
        return op.multiply(activated(gate, activation), value)

    def dense(self, pooled: openvino.Node, name: str, *, bias: bool = True) -> openvino.Node:
        """A linear layer of a head, on pooled states.

        In fp32: with several streams OpenVINO at times loses the scales of so small a quantized matrix.
        """
        product = op.matmul(pooled, constant(self.read(f"{name}.weight")), False, True)
        return op.add(product, constant(self.read(f"{name}.bias"))) if bias else product

    def _table(self, names: list[str], factor: float = 1, chosen: openvino.Node | None = None) -> openvino.Node:
        first, *others = full = [self._full_name(name) for name in names]
        shapes = [self._tensors.shape(name) for name in full]
        scaled = (block * np.float32(factor) for block in self._tensors.blocks([first]))
        rows = chain(scaled, self._tensors.blocks(others))
        return self._matrix((sum(rows for rows, _ in shapes), shapes[0][1]), rows, chosen)

    def _full_name(self, name: str) -> str:
        within = self._prefix + name
        return name if within not in self._tensors.names and name in self._tensors.names else within


def activated(hidden: openvino.Node, activation: Activation) -> openvino.Node:
    """An activation function, element by element."""
    match activation:
        case "gelu":
            return op.gelu(hidden, "erf")
        case "gelu_tanh":
            return op.gelu(hidden, "tanh")
        case "silu":
            return op.swish(hidden)
        case "relu":
            return op.relu(hidden)
        case "tanh":
            return op.tanh(hidden)
        case "identity":
            return hidden
