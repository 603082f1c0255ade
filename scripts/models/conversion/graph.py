"""The packed graph: a model that takes many sequences in one row of tokens, with its pooling and head.

It is written with OpenVINO's operations from the model's files, without the library that trained it. All sequences of a
micro-batch lie one after the other in a row of T tokens. A token attends to the tokens of its own sequence only, by an
additive mask that the graph makes from the segments. Inputs, int32 but for `pool`:

    input_ids, position_ids, segments, token_type_ids   [1, T]
    key_segments                                        [1, K]
    pool                                                [n, K] float32

`position_ids` count from 0 in each sequence. `segments` numbers the sequences, -1 is filler; `key_segments` is the same
up to K, a multiple of 16, with -2 beyond T. `token_type_ids` is left out where the model has a single type. A row of
`pool` weighs the tokens of one sequence: 1/length each, or 1 for the first or the last one. The output `outputs` is
float32 `[n, width]`: vectors of an encoder, of unit length unless its similarity is not the cosine, or logits of a
cross-encoder.

Keys, values and the hidden states that are pooled are filled up from T to K: sums over them are then added in the same
order whatever T is, and a text has the same vector to the last bit in rows of any even length.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import openvino
import openvino.opset15 as op

from bentos.common.backends.interface import Kind
from bentos.common.backends.openvino import MODEL_FILE
from scripts.command import UsageError
from scripts.models.conversion.architecture import Architecture, Dense, read_architecture
from scripts.models.conversion.blocks import Blocks, activated
from scripts.models.conversion.inputs import Inputs, integers
from scripts.models.conversion.precision import Precision
from scripts.models.conversion.tensors import Tensors
from scripts.models.conversion.weights import constant, plain, quantized
from scripts.models.memory import is_out_of_memory

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
    transformer, inputs = architecture.transformer, Inputs(uses_types=architecture.uses_types)
    with _shape_errors():
        blocks = _blocks(architecture, precision)
        hidden = transformer.embed(inputs, blocks)
        for number in range(transformer.layers):
            hidden = transformer.layer(number, hidden, inputs, blocks)
        return _model(_outputs(architecture, hidden, inputs, blocks), inputs)


def known_tokens(original: Path, kind: Kind) -> int:
    """How many token ids, from 0, the weights of a model have rows for; see `write_graph`."""
    architecture = read_architecture(original, kind)
    return architecture.transformer.tokens(_blocks(architecture, "fp32"))


def stages(original: Path, kind: Kind) -> Iterator[openvino.Model]:
    """The same graph in fp32, in parts that follow each other: embeddings, each layer, pooling and head.

    A part takes those inputs of the whole that it needs and, but for the first, `hidden`, the output of the one before.
    """
    architecture = read_architecture(original, kind)
    transformer = architecture.transformer
    with _shape_errors():
        blocks = _blocks(architecture, "fp32")
        inputs = Inputs(uses_types=architecture.uses_types)
        yield _model(transformer.embed(inputs, blocks), inputs)
        for number in range(transformer.layers):
            inputs = Inputs()
            yield _model(transformer.layer(number, inputs.hidden(transformer.width), inputs, blocks), inputs)
        inputs = Inputs()
        yield _model(_outputs(architecture, inputs.hidden(transformer.width), inputs, blocks), inputs)


@contextmanager
def _shape_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, ValueError) as error:  # OpenVINO's and numpy's
        if is_out_of_memory(error):
            raise
        reason = str(error).strip().rpartition("\n")[2]
        raise UsageError(f"The weights are not those of the config.json: {reason}") from error


def _blocks(architecture: Architecture, precision: Precision) -> Blocks:
    matrix = quantized if precision == "int8" else plain
    return Blocks(Tensors(architecture.folder), matrix, architecture.transformer.words)


def _model(outputs: openvino.Node, inputs: Inputs) -> openvino.Model:
    outputs.output(0).get_tensor().set_names({"outputs"})
    return openvino.Model([outputs], inputs.used, "packed")


def _outputs(architecture: Architecture, hidden: openvino.Node, inputs: Inputs, blocks: Blocks) -> openvino.Node:
    """Vectors or logits, `[n, width]`, from the output of the last layer."""
    hidden = architecture.transformer.finish(hidden, inputs, blocks)
    end = op.concat([inputs.filler, integers(0)], 0)
    filled = op.pad(op.squeeze(hidden, integers(0)), integers(0, 0), end, "constant")
    pooled = op.matmul(inputs.pool, filled, False, False)
    if architecture.answers:
        return architecture.transformer.answer(pooled, blocks, architecture.answers)
    if architecture.kind == "cross-encoder":
        return architecture.transformer.logits(pooled, blocks)
    for module in architecture.head:
        pooled = _dense(pooled, module) if isinstance(module, Dense) else _normalized(pooled)
    is_done = not architecture.normalized or architecture.head[-1:] == ("normalize",)
    return pooled if is_done else _normalized(pooled)


def _dense(pooled: openvino.Node, module: Dense) -> openvino.Node:
    tensors = Tensors(module.folder)
    pooled = op.matmul(pooled, constant(tensors.read("linear.weight")), False, True)
    if module.bias:
        pooled = op.add(pooled, constant(tensors.read("linear.bias")[None]))
    return activated(pooled, module.activation)


def _normalized(vectors: openvino.Node) -> openvino.Node:
    # OpenVINO's single operation for it takes half a millisecond for the 64 vectors of a row.
    length = op.reduce_l2(vectors, integers(1), True)
    return op.divide(vectors, op.maximum(length, op.constant(np.float32(_EPSILON))))
