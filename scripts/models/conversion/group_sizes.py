"""In groups of how many numbers int8 may quantize activations: the wider, the faster and the less exact."""

from typing import NamedTuple

import numpy as np
import openvino
import openvino.opset15 as op

from bentos.common.backends.interface import ActivationGroupSize, Outputs
from bentos.common.backends.openvino import DEFAULT_GROUP_SIZE, supports_bf16
from scripts.models.conversion.precision import Precision
from scripts.models.conversion.weights import quantized

_WIDER: tuple[ActivationGroupSize, ...] = (128, 256)
_NARROWER: tuple[ActivationGroupSize, ...] = (32,)
_INPUTS = 256


class GroupSizes(NamedTuple):
    """What to try: the usual size, then wider ones as long as the model stands it, or narrower ones until it does."""

    usual: ActivationGroupSize | None
    wider: tuple[ActivationGroupSize, ...] = ()
    narrower: tuple[ActivationGroupSize, ...] = ()


def group_sizes(precision: Precision, width: int) -> GroupSizes:
    """Sizes for a precision and a model.

    Args:
        precision: None is the only group size of all but int8.
        width: numbers of a hidden state. OpenVINO does not quantize a row that is shorter than a group, so that wider
            groups would pass and be slow.
    """
    if precision != "int8":
        return GroupSizes(None)
    if not _quantizes_activations():
        return GroupSizes(DEFAULT_GROUP_SIZE)
    return GroupSizes(DEFAULT_GROUP_SIZE, tuple(size for size in _WIDER if size <= width), _NARROWER)


def needs_margin(size: ActivationGroupSize | None) -> bool:
    """Whether groups are wider than usual, and taken only if they are clearly within the limits."""
    return size is not None and size > DEFAULT_GROUP_SIZE


def _quantizes_activations() -> bool:
    """Whether groups make a difference on this processor; where they make none, the gate would let all of them pass."""
    source = np.random.default_rng(0)
    rows = op.parameter([-1, _INPUTS], np.float32)
    matrix = quantized((_INPUTS, _INPUTS), [source.standard_normal((_INPUTS, _INPUTS), np.float32)])
    model = openvino.Model([op.matmul(rows, matrix, False, True)], [rows], "product")
    inputs = source.standard_normal((1, _INPUTS), np.float32)

    def product(group_size: int) -> Outputs:
        properties = {
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": group_size,
            "INFERENCE_PRECISION_HINT": "bf16" if supports_bf16() else "f32",
        }
        outputs: Outputs = openvino.Core().compile_model(model, "CPU", properties)([inputs])[0]
        return outputs

    return not np.array_equal(product(_WIDER[-1]), product(_NARROWER[-1]))
