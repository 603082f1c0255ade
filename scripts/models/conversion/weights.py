"""Matrices as constants of a graph, in the form of a precision, from some rows at a time."""

from collections.abc import Iterable

import numpy as np
import openvino
import openvino.opset15 as op
from numpy.typing import NDArray

from scripts.models.conversion.tensors import Array

_STEPS = 255


def plain(shape: tuple[int, int], blocks: Iterable[Array]) -> openvino.Node:
    """The matrix in fp32.

    Args:
        shape: `[outputs, inputs]`.
        blocks: its rows, one block below the other.
    """
    matrix = np.empty(shape, np.float32)
    start = 0
    for block in blocks:
        matrix[start : start + len(block)] = block
        start += len(block)
    return constant(matrix)


def quantized(shape: tuple[int, int], blocks: Iterable[Array]) -> openvino.Node:
    """The matrix in 8 bits without sign: a scale and a zero point of its own for each row, so that 0 stays 0.

    See `plain` for the arguments. OpenVINO widens it again where no kernel takes it as it is.
    """
    rows = shape[0]
    matrix = np.empty(shape, np.uint8)
    scales, zeros = np.empty((rows, 1), np.float32), np.empty((rows, 1), np.uint8)
    start = 0
    for block in blocks:
        part = slice(start, start + len(block))
        low = np.minimum(block.min(axis=1, keepdims=True), 0)
        high = np.maximum(block.max(axis=1, keepdims=True), 0)
        scale = (high - low) / np.float32(_STEPS)
        scale[scale == 0] = 1
        zero = np.rint(-low / scale)
        matrix[part] = np.clip(np.rint(block / scale) + zero, 0, _STEPS)
        scales[part], zeros[part] = scale, zero
        start += len(block)
    shifted = op.subtract(_widened(matrix), _widened(zeros))
    return op.multiply(shifted, constant(scales))


def constant(array: NDArray[np.float32] | NDArray[np.uint8]) -> openvino.Node:
    """A constant on the array's own memory."""
    return op.constant(array, shared_memory=True)


def _widened(array: NDArray[np.uint8]) -> openvino.Node:
    return op.convert(constant(array), "f32")
