"""Attention, and positions that turn queries and keys (RoPE)."""

from dataclasses import dataclass

import numpy as np
import openvino
import openvino.opset15 as op

from scripts.models.conversion.inputs import Inputs, axis, integers
from scripts.models.conversion.weights import constant

# In windows up to here all scores of a row may be kept: 18 MB for 16 heads at 512 tokens, but 4 GB at 8,192. OpenVINO's
# operation keeps none; the three that it stands for are those measured to give the same to the last bit in bf16.
_SHORT_WINDOW = 1026


@dataclass(frozen=True)
class Heads:
    """How attention is divided.

    Attributes:
        count: heads of queries.
        size: numbers of a head.
        window: most tokens of a sequence.
        keys: heads of keys and values, where several of queries share one; 0 for as many as of queries.
        scale: what queries are multiplied by; 0 for 1 / √size.
    """

    count: int
    size: int
    window: int
    keys: int = 0
    scale: float = 0

    def split(self, joined: openvino.Node, inputs: Inputs) -> tuple[openvino.Node, openvino.Node, openvino.Node]:
        """Queries `[1, count, T, size]`, keys and values `[1, keys, K, size]`.

        Args:
            joined: all three side by side, `[1, T, …]`.
            inputs: of the graph.
        """
        keys = self.keys or self.count
        heads = op.reshape(joined, integers(1, -1, self.count + 2 * keys, self.size), False)
        # Along the first dimension that is not 1 a part is a view: splitting before the transposition would copy.
        query, rest = op.variadic_split(
            op.transpose(heads, integers(0, 2, 1, 3)), axis(1), integers(self.count, 2 * keys)
        ).outputs()
        end = op.concat([integers(0, 0), inputs.filler, integers(0)], 0)
        key, value = op.split(op.pad(rest, integers(0, 0, 0, 0), end, "constant"), axis(1), 2).outputs()
        return query, key, value

    def attend(
        self,
        query: openvino.Node,
        key: openvino.Node,
        value: openvino.Node,
        mask: openvino.Node,
        *,
        is_scaled: bool = False,
    ) -> openvino.Node:
        """What tokens take from the values, heads side by side, `[1, T, count x size]`.

        Args:
            query: as all of these from `split`.
            key: of the tokens that can be seen.
            value: of the same.
            mask: added to the scores, `[1, 1 or count, T, K]`.
            is_scaled: whether the matrix that gave the queries is multiplied by the scale.
        """
        if self.keys not in (0, self.count):
            shared = op.constant(np.repeat(np.arange(self.keys), self.count // self.keys).astype(np.int32))
            key, value = op.gather(key, shared, axis(1)), op.gather(value, shared, axis(1))
        scale = op.constant(np.float32(1 if is_scaled else self.scale or self.size**-0.5))
        if self.window > _SHORT_WINDOW:
            context = op.scaled_dot_product_attention(query, key, value, mask, scale)
        else:
            scaled = query if is_scaled else op.multiply(query, scale)
            scores = op.add(op.matmul(scaled, key, False, True), mask)
            context = op.matmul(op.softmax(scores, -1), value, False, False)
        together = op.transpose(context, integers(0, 2, 1, 3))
        return op.reshape(together, integers(1, -1, self.count * self.size), False)


@dataclass(frozen=True)
class Rotary:
    """Positions that turn pairs of numbers of queries and keys, each by an angle of its own.

    Attributes:
        theta: the base of the angles.
        size: numbers of a head.
        window: most tokens of a sequence.
    """

    theta: float
    size: int
    window: int

    def turn(self, query: openvino.Node, key: openvino.Node, inputs: Inputs) -> tuple[openvino.Node, openvino.Node]:
        """Queries and keys as `Heads.split` gives them, turned by their positions."""
        return (
            self._turned(query, "queries", inputs.positions, inputs),
            self._turned(key, "keys", inputs.key_positions, inputs),
        )

    def _turned(self, heads: openvino.Node, name: str, positions: openvino.Node, inputs: Inputs) -> openvino.Node:
        cosine = inputs.shared((self, name, "cosine"), lambda: self._looked_up(np.cos, positions, inputs))
        sine = inputs.shared((self, name, "sine"), lambda: self._looked_up(np.sin, positions, inputs))
        first, second = op.split(heads, axis(3), 2).outputs()
        across = op.concat([op.multiply(second, op.constant(np.float32(-1))), first], 3)
        return op.add(op.multiply(heads, cosine), op.multiply(across, sine))

    def _looked_up(self, function: np.ufunc, positions: openvino.Node, inputs: Inputs) -> openvino.Node:
        """Cosine or sine of the angles, `[1, 1, T or K, size]`. Not computed here: bf16 cannot count the positions."""
        table = inputs.shared((self, function), lambda: self._table(function))
        half = op.gather(table, positions, axis(0))
        return op.unsqueeze(op.concat([half, half], 2), integers(1))

    def _table(self, function: np.ufunc) -> openvino.Node:
        """Cosine or sine of all angles, `[window, size / 2]`, in float32 as transformers rounds them."""
        exponents = np.arange(0, self.size, 2, dtype=np.float32) / np.float32(self.size)
        speeds = np.float32(1) / np.float32(self.theta) ** exponents
        return constant(function(np.arange(self.window, dtype=np.float32)[:, None] * speeds))


@dataclass(frozen=True)
class View:
    """What the tokens of a layer see of their sequence.

    Attributes:
        rotary: how positions come in.
        before: how many positions back they see; None for all.
        after: how many positions ahead; 0 if attention is causal.
    """

    rotary: Rotary
    before: int | None = None
    after: int | None = None

    def mask(self, inputs: Inputs) -> openvino.Node:
        """See `Inputs.mask`."""
        return inputs.mask(before=self.before, after=self.after)
