"""The packed graph: a model that takes many sequences in one row of tokens, with its pooling and head.

It is written with OpenVINO's operations from the model's files, without the library that trained it. All sequences of a
micro-batch lie one after the other in a row of T tokens. A token attends to the tokens of its own sequence only, by an
additive mask that the graph makes from the segments. Inputs, int32 but for `pool`:

    input_ids, position_ids, segments, token_type_ids   [1, T]
    key_segments                                        [1, K]
    pool                                                [n, K] float32

`position_ids` count from 0 in each sequence. `segments` numbers the sequences, -1 is filler; `key_segments` is the same
up to K, a multiple of 16, with -2 beyond T. `token_type_ids` is left out where the model has a single type. A row of
`pool` weighs the tokens of one sequence: 1/length each, or 1 for the first one. The output `outputs` is float32
`[n, width]`: unit vectors of an encoder, logits of a cross-encoder.

Keys, values and the hidden states that are pooled are filled up from T to K: sums over them are then added in the same
order whatever T is, and a text has the same vector to the last bit in rows of any even length.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openvino
import openvino.opset15 as op

from bentos.common.backends.interface import Kind
from bentos.common.backends.openvino import MODEL_FILE
from scripts.command import UsageError
from scripts.models.conversion.architecture import Architecture, Dense, read_architecture
from scripts.models.conversion.layers import Layers, activated, integers
from scripts.models.conversion.precision import Precision
from scripts.models.conversion.tensors import Tensors
from scripts.models.conversion.weights import constant, plain, quantized

# Low enough that the softmax gives exactly 0, and within the range of every precision.
_MASKED = np.float32(-1e4)
_EPSILON = 1e-12


def write_graph(original: Path, kind: Kind, precision: Precision, folder: Path) -> None:
    """Write `openvino_model.xml` and `.bin` of a model.

    Args:
        original: folder of the model, as transformers or sentence-transformers save it.
        kind: what it is used for.
        precision: fp32 as it is; bf16 with fp16 weights, which the processor widens and rounds; int8 with weights in
            8 bits and activations quantized while it runs.
        folder: where to.

    Raises:
        UsageError: the graph cannot express the model, or weights are missing.
    """
    # In fp16 they are rounded while they are written, one after the other.
    openvino.save_model(
        packed_graph(original, kind, precision), folder / MODEL_FILE, compress_to_fp16=precision == "bf16"
    )


def packed_graph(original: Path, kind: Kind, precision: Precision = "fp32") -> openvino.Model:
    """The graph in memory; bf16 is still in fp32. See `write_graph`."""
    architecture = read_architecture(original, kind)
    with _shape_errors():
        return _Writer(architecture, precision).graph()


def stages(original: Path, kind: Kind) -> Iterator[openvino.Model]:
    """The same graph in fp32, in parts that follow each other: embeddings, each layer, pooling and head.

    A part takes those inputs of the whole that it needs and, but for the first, `hidden`, the output of the one before.
    """
    architecture = read_architecture(original, kind)
    with _shape_errors():
        yield _Writer(architecture, "fp32").embeddings()
        for number in range(architecture.layers):
            yield _Writer(architecture, "fp32").layer(number)
        yield _Writer(architecture, "fp32").end()


@contextmanager
def _shape_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError) as error:  # OpenVINO's and numpy's
        reason = str(error).strip().rpartition("\n")[2]
        raise UsageError(f"The weights are not those of the config.json: {reason}") from error


class _Writer:
    def __init__(self, architecture: Architecture, precision: Precision) -> None:
        self._architecture = architecture
        self._layers = Layers(architecture, Tensors(architecture.folder), quantized if precision == "int8" else plain)
        self._ids = _parameter("input_ids", 1)
        self._positions = _parameter("position_ids", 1)
        self._segments = _parameter("segments", 1)
        self._key_segments = _parameter("key_segments", 1)
        self._types = _parameter("token_type_ids", 1) if architecture.uses_types else None
        self._pool = _parameter("pool", -1, np.float32)

    def graph(self) -> openvino.Model:
        hidden = self._layers.embedded(self._ids, self._places(), self._types)
        mask, filler = self._mask(), self._filler()
        for number in range(self._architecture.layers):
            hidden = self._layers.layer(number, hidden, mask, filler)
        inputs = [self._ids, self._positions, self._segments, self._key_segments, self._types, self._pool]
        return _model(self._head(hidden, filler), inputs)

    def embeddings(self) -> openvino.Model:
        hidden = self._layers.embedded(self._ids, self._places(), self._types)
        return _model(hidden, [self._ids, self._positions, self._types])

    def layer(self, number: int) -> openvino.Model:
        before = self._hidden()
        hidden = self._layers.layer(number, before, self._mask(), self._filler())
        return _model(hidden, [before, self._segments, self._key_segments])

    def end(self) -> openvino.Model:
        before = self._hidden()
        return _model(self._head(before, self._filler()), [before, self._segments, self._key_segments, self._pool])

    def _hidden(self) -> openvino.Node:
        return _parameter("hidden", 1, np.float32, self._architecture.width)

    def _head(self, hidden: openvino.Node, filler: openvino.Node) -> openvino.Node:
        end = op.concat([filler, integers(0)], 0)
        filled = op.pad(op.squeeze(hidden, integers(0)), integers(0, 0), end, "constant")
        pooled = op.matmul(self._pool, filled, False, False)
        return self._logits(pooled) if self._architecture.kind == "cross-encoder" else self._vectors(pooled)

    def _places(self) -> openvino.Node:
        """Rows of the table of positions."""
        padding_id = self._architecture.padding_id
        if padding_id is None:
            return self._positions
        # RoBERTa counts the tokens that are not padding: a text may spell one out.
        one = op.constant(np.int32(1))
        is_padding = op.equal(self._ids, op.constant(np.int32(padding_id)))
        before = op.cumsum(op.convert(is_padding, "i32"), op.constant(np.int64(1)), exclusive=True)
        numbers = op.range(op.constant(np.int32(0)), _length(self._ids), one, output_type="i32")
        starts = op.subtract(op.unsqueeze(numbers, integers(0)), self._positions)
        before_text = op.gather(op.squeeze(before, integers(0)), starts, op.constant(np.int64(0)))
        counted = op.subtract(self._positions, op.subtract(before, before_text))
        counted = op.add(counted, op.constant(np.int32(padding_id + 1)))
        return op.select(is_padding, op.constant(np.int32(padding_id)), counted)

    def _mask(self) -> openvino.Node:
        """What is added to the scores, `[1, 1, T, K]`."""
        same = op.equal(op.unsqueeze(self._segments, integers(2)), op.unsqueeze(self._key_segments, integers(1)))
        return op.unsqueeze(op.select(same, op.constant(np.float32(0)), op.constant(_MASKED)), integers(1))

    def _filler(self) -> openvino.Node:
        """K - T, `[1]`."""
        lengths = [op.unsqueeze(_length(segments), integers(0)) for segments in (self._key_segments, self._segments)]
        return op.subtract(*lengths)

    def _vectors(self, pooled: openvino.Node) -> openvino.Node:
        for module in self._architecture.head:
            pooled = _dense(pooled, module) if isinstance(module, Dense) else _normalized(pooled)
        return pooled if self._architecture.head[-1:] == ("normalize",) else _normalized(pooled)

    def _logits(self, pooled: openvino.Node) -> openvino.Node:
        if self._architecture.padding_id is None:
            first, last = self._layers.full_name("pooler.dense"), "classifier"
        else:
            first, last = "classifier.dense", "classifier.out_proj"
        return self._layers.head(activated(self._layers.head(pooled, first), "tanh"), last)


def _model(outputs: openvino.Node, inputs: Iterable[openvino.Node | None]) -> openvino.Model:
    outputs.output(0).get_tensor().set_names({"outputs"})
    return openvino.Model([outputs], [node for node in inputs if node is not None], "packed")


def _parameter(name: str, rows: int, kind: type = np.int32, *width: int) -> openvino.Node:
    node = op.parameter([rows, -1, *width], kind, name)
    node.output(0).get_tensor().set_names({name})
    return node


def _length(row: openvino.Node) -> openvino.Node:
    """Of an input `[1, length]`, an int32 scalar."""
    return op.gather(op.shape_of(row, "i32"), op.constant(np.int64(1)), op.constant(np.int64(0)))


def _dense(pooled: openvino.Node, module: Dense) -> openvino.Node:
    tensors = Tensors(module.folder)
    pooled = op.matmul(pooled, constant(tensors.read("linear.weight")), False, True)
    if module.bias:
        pooled = op.add(pooled, constant(tensors.read("linear.bias")[None]))
    return activated(pooled, module.activation)


def _normalized(vectors: openvino.Node) -> openvino.Node:
    return op.normalize_l2(vectors, integers(1), _EPSILON, "max")
