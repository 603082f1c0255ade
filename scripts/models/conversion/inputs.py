"""The inputs of a packed graph, and what its layers share that follows from them alone: masks and distances."""

from collections.abc import Callable, Hashable
from functools import cached_property

import numpy as np
import openvino
import openvino.opset15 as op

# Low enough that the softmax gives exactly 0, and within the range of every precision.
_MASKED = np.float32(-1e4)


class Inputs:
    """The inputs that a graph turns out to use, each made when it is first asked for; see `graph` for what they hold.

    Args:
        uses_types: whether types of tokens are an input; else all are of the first.

    Attributes:
        used: those made so far.
    """

    def __init__(self, *, uses_types: bool = False) -> None:
        self._uses_types = uses_types
        self.used: list[openvino.Node] = []
        self._shared: dict[Hashable, openvino.Node] = {}

    @cached_property
    def ids(self) -> openvino.Node:
        """Token ids, int32 `[1, T]`."""
        return self._parameter("input_ids", 1)

    @cached_property
    def positions(self) -> openvino.Node:
        """Of tokens in their sequences, from 0, int32 `[1, T]`."""
        return self._parameter("position_ids", 1)

    @cached_property
    def segments(self) -> openvino.Node:
        """Numbers of the sequences that tokens belong to, int32 `[1, T]`."""
        return self._parameter("segments", 1)

    @cached_property
    def key_segments(self) -> openvino.Node:
        """The same for keys, int32 `[1, K]`."""
        return self._parameter("key_segments", 1)

    @cached_property
    def types(self) -> openvino.Node:
        """Which text of a pair tokens are of, int32 `[1, T]`; or `[1, 1]`, as all are of the first."""
        return self._parameter("token_type_ids", 1) if self._uses_types else op.constant(np.zeros((1, 1), np.int32))

    @cached_property
    def pool(self) -> openvino.Node:
        """Weights of tokens in the pooling, float32 `[n, K]`."""
        return self._parameter("pool", -1, np.float32)

    def hidden(self, width: int) -> openvino.Node:
        """The output of the part of the graph before this one, float32 `[1, T, width]`."""
        return self._parameter("hidden", 1, np.float32, width)

    @cached_property
    def length(self) -> openvino.Node:
        """T, an int32 scalar."""
        return _length(self.segments)

    @cached_property
    def filler(self) -> openvino.Node:
        """K - T, int32 `[1]`."""
        lengths = [op.unsqueeze(length, integers(0)) for length in (_length(self.key_segments), self.length)]
        return op.subtract(*lengths)

    @cached_property
    def key_positions(self) -> openvino.Node:
        """Positions of keys, int32 `[1, K]`."""
        end = op.concat([integers(0), self.filler], 0)
        return op.pad(self.positions, integers(0, 0), end, "constant")

    @cached_property
    def distances(self) -> openvino.Node:
        """How many positions a key is before a query of its sequence, int32 `[1, T, K]`."""
        return op.subtract(op.unsqueeze(self.positions, integers(2)), op.unsqueeze(self.key_positions, integers(1)))

    def mask(self, *, before: int | None = None, after: int | None = None) -> openvino.Node:
        """What is added to the scores of attention, float32 `[1, 1, T, K]`: tokens see their own sequence only.

        Args:
            before: how many positions back a token sees; None for all.
            after: how many positions ahead; 0 if attention is causal.
        """
        return self.shared(("mask", before, after), lambda: self._mask(before, after))

    @cached_property
    def numbers(self) -> openvino.Node:
        """Of the tokens in the row, from 0, int32 `[1, T]`."""
        zero, one = op.constant(np.int32(0)), op.constant(np.int32(1))
        return op.unsqueeze(op.range(zero, self.length, one, output_type="i32"), integers(0))

    @cached_property
    def starts(self) -> openvino.Node:
        """Numbers of the first tokens of their sequences, int32 `[1, T]`."""
        return op.subtract(self.numbers, self.positions)

    def skip_padding(self, hidden: openvino.Node, padding_id: int) -> openvino.Node:
        """States `[1, T, width]`, where padding that a text spells out has that of the last token before it."""
        is_token = op.not_equal(self.ids, op.constant(np.int32(padding_id)))
        own = op.equal(op.unsqueeze(self.segments, integers(2)), op.unsqueeze(self.segments, integers(1)))
        earlier = op.less_equal(op.unsqueeze(self.numbers, integers(1)), op.unsqueeze(self.numbers, integers(2)))
        seen = op.logical_and(op.logical_and(own, op.unsqueeze(is_token, integers(1))), earlier)
        numbers = op.select(seen, op.unsqueeze(self.numbers, integers(1)), op.unsqueeze(self.starts, integers(2)))
        last = op.reduce_max(numbers, integers(2), False)
        return op.gather(hidden, op.squeeze(last, integers(0)), axis(1))

    def shared(self, key: Hashable, make: Callable[[], openvino.Node]) -> openvino.Node:
        """A part of the graph that several layers use, made once."""
        if key not in self._shared:
            self._shared[key] = make()
        return self._shared[key]

    def _mask(self, before: int | None, after: int | None) -> openvino.Node:
        seen = op.equal(op.unsqueeze(self.segments, integers(2)), op.unsqueeze(self.key_segments, integers(1)))
        if before is not None:
            seen = op.logical_and(seen, op.less_equal(self.distances, op.constant(np.int32(before))))
        if after is not None:
            seen = op.logical_and(seen, op.greater_equal(self.distances, op.constant(np.int32(-after))))
        return op.unsqueeze(op.select(seen, op.constant(np.float32(0)), op.constant(_MASKED)), integers(1))

    def _parameter(self, name: str, rows: int, kind: type = np.int32, *width: int) -> openvino.Node:
        node = op.parameter([rows, -1, *width], kind, name)
        node.output(0).get_tensor().set_names({name})
        self.used.append(node)
        return node


def integers(*numbers: int) -> openvino.Node:
    """A constant vector of int32."""
    return op.constant(np.array(numbers, np.int32))


def axis(number: int) -> openvino.Node:
    """A constant that names a dimension."""
    return op.constant(np.int64(number))


def _length(row: openvino.Node) -> openvino.Node:
    """Of an input `[1, length]`, an int32 scalar."""
    return op.gather(op.shape_of(row, "i32"), axis(1), axis(0))
