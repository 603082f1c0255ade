"""The layers of a transformer of the BERT family, written with OpenVINO's operations."""

from collections.abc import Callable, Iterable

import numpy as np
import openvino
import openvino.opset15 as op

from scripts.command import UsageError
from scripts.models.conversion.architecture import Activation, Architecture
from scripts.models.conversion.tensors import Array, Tensors
from scripts.models.conversion.weights import constant

Matrix = Callable[[tuple[int, int], Iterable[Array]], openvino.Node]
"""How matrices are stored: see `weights`."""

# Up to here all scores of a row may be kept: 18 MB for 16 heads at 512 tokens, but 4 GB at 8,192. OpenVINO's operation
# keeps none; the three that it stands for are those measured to give the same to the last bit in bf16.
_SHORT_POSITIONS = 1026
_WORDS = "embeddings.word_embeddings.weight"


class Layers:
    """Writes a model's layers.

    Args:
        architecture: of the model.
        tensors: its weights.
        matrix: how large matrices are stored; those of heads, which are small, stay as they are.

    Raises:
        UsageError: the weights are not those of such a model.
    """

    def __init__(self, architecture: Architecture, tensors: Tensors, matrix: Matrix) -> None:
        self._architecture = architecture
        self._tensors = tensors
        self._matrix = matrix
        words = [name for name in tensors.names if name == _WORDS or name.endswith(f".{_WORDS}")]
        if len(words) != 1:
            raise UsageError(f"The weights are not those of the config.json: {_WORDS} is missing.")
        self._prefix = words[0].removesuffix(_WORDS)

    def full_name(self, name: str) -> str:
        """Name of a part of the transformer among all weights."""
        return self._prefix + name

    def embedded(self, ids: openvino.Node, places: openvino.Node, types: openvino.Node | None) -> openvino.Node:
        """Tokens, `[1, T, width]`.

        Args:
            ids: of the tokens, as all of these `[1, T]`.
            places: rows in the table of positions.
            types: of the tokens; None if there is a single one.
        """
        axis = op.constant(np.int64(0))
        words = op.gather(self._table([self._prefix + _WORDS]), ids, axis)
        table = self._tensors.read(self._prefix + "embeddings.token_type_embeddings.weight")
        kinds = constant(table[:1][None]) if types is None else op.gather(constant(table), types, axis)
        positions = self._tensors.read(self._prefix + "embeddings.position_embeddings.weight")
        summed = op.add(op.add(words, kinds), op.gather(constant(positions), places, axis))
        return self._normalized(summed, "embeddings.LayerNorm")

    def layer(self, number: int, hidden: openvino.Node, mask: openvino.Node, filler: openvino.Node) -> openvino.Node:
        """One layer of the encoder, `[1, T, width]`.

        Args:
            number: from 0.
            hidden: its input, `[1, T, width]`.
            mask: added to the scores of attention, `[1, 1, T, K]`.
            filler: K - T, `[1]`.
        """
        name = f"encoder.layer.{number}."
        context = self._attention(hidden, name + "attention.self.", mask, filler)
        output = name + "attention.output."
        hidden = self._normalized(op.add(self._linear(context, output + "dense"), hidden), output + "LayerNorm")
        inner = activated(self._linear(hidden, name + "intermediate.dense"), self._architecture.activation)
        output = name + "output."
        return self._normalized(op.add(self._linear(inner, output + "dense"), hidden), output + "LayerNorm")

    def head(self, pooled: openvino.Node, name: str) -> openvino.Node:
        """A linear layer behind the pooling, by its full name."""
        # In fp32: with several streams OpenVINO at times loses the scales of so small a quantized matrix.
        matrix, bias = constant(self._tensors.read(f"{name}.weight")), self._tensors.read(f"{name}.bias")
        return op.add(op.matmul(pooled, matrix, False, True), constant(bias[None]))

    def _attention(self, hidden: openvino.Node, name: str, mask: openvino.Node, filler: openvino.Node) -> openvino.Node:
        width, heads = self._architecture.width, self._architecture.heads
        split_heads, swapped = integers(1, -1, heads, width // heads), integers(0, 2, 1, 3)
        # One product for all three: the row of tokens is read and quantized once.
        joined = self._linear(hidden, *(name + part for part in ("query", "key", "value")))
        query, rest = op.variadic_split(joined, op.constant(np.int64(2)), integers(width, 2 * width)).outputs()
        end = op.concat([integers(0), filler, integers(0)], 0)
        key, value = op.split(op.pad(rest, integers(0, 0, 0), end, "constant"), op.constant(np.int64(2)), 2).outputs()
        query, key, value = (
            op.transpose(op.reshape(part, split_heads, False), swapped) for part in (query, key, value)
        )
        if self._architecture.positions > _SHORT_POSITIONS:
            context = op.scaled_dot_product_attention(query, key, value, mask)
        else:
            scale = op.constant(np.float32((width // heads) ** -0.5))
            scores = op.add(op.matmul(op.multiply(query, scale), key, False, True), mask)
            context = op.matmul(op.softmax(scores, -1), value, False, False)
        return op.reshape(op.transpose(context, swapped), integers(1, -1, width), False)

    def _linear(self, hidden: openvino.Node, *names: str) -> openvino.Node:
        """Linear layers with one input, their outputs side by side."""
        matrix = self._table([f"{self._prefix}{name}.weight" for name in names])
        bias = np.concatenate([self._tensors.read(f"{self._prefix}{name}.bias") for name in names])
        return op.add(op.matmul(hidden, matrix, False, True), constant(bias[None, None]))

    def _table(self, names: list[str]) -> openvino.Node:
        shapes = [self._tensors.shape(name) for name in names]
        return self._matrix((sum(rows for rows, _ in shapes), shapes[0][1]), self._tensors.blocks(names))

    def _normalized(self, hidden: openvino.Node, name: str) -> openvino.Node:
        scale, shift = (self._tensors.read(f"{self._prefix}{name}.{part}")[None, None] for part in ("weight", "bias"))
        centred = op.mvn(hidden, integers(-1), True, self._architecture.epsilon, "inside_sqrt")
        return op.add(op.multiply(centred, constant(scale)), constant(shift))


def activated(hidden: openvino.Node, activation: Activation) -> openvino.Node:
    """An activation function, element by element."""
    match activation:
        case "gelu":
            return op.gelu(hidden, "erf")
        case "gelu_tanh":
            return op.gelu(hidden, "tanh")
        case "relu":
            return op.relu(hidden)
        case "tanh":
            return op.tanh(hidden)
        case "identity":
            return hidden


def integers(*numbers: int) -> openvino.Node:
    """A constant vector of int32."""
    return op.constant(np.array(numbers, np.int32))
