"""Matrices as constants of a graph, in the form of a precision, read some rows at a time.

With `chosen`, numbers of rows `[1, T]`, only these are taken, `[1, T, inputs]`. They are gathered before they are
widened: OpenVINO's own operation for both takes 3 ms with a table of 250,000 words, however few rows are wanted.
"""

from collections.abc import Iterable

import numpy as np
import openvino
import openvino.opset15 as op
from numpy.typing import NDArray

from scripts.models.conversion.inputs import axis
from scripts.models.conversion.tensors import Array

_STEPS = 255


def plain(shape: tuple[int, int], blocks: Iterable[Array], chosen: openvino.Node | None = None) -> openvino.Node:
    """The matrix in fp32.

    Args:
        shape: `[outputs, inputs]`.
        blocks: its rows, one block below the other.
        chosen: rows that are wanted; None for all.
    """
    matrix = np.empty(shape, np.float32)
    start = 0
    for block in blocks:
        matrix[start : start + len(block)] = block
        start += len(block)
    return _rows(constant(matrix), chosen)


def quantized(shape: tuple[int, int], blocks: Iterable[Array], chosen: openvino.Node | None = None) -> openvino.Node:
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
    shifted = op.subtract(_widened(matrix, chosen), _widened(zeros, chosen))
    return op.multiply(shifted, _rows(constant(scales), chosen))


def constant(array: NDArray[np.float32] | NDArray[np.uint8]) -> openvino.Node:
    """A constant on the array's own memory."""
    return op.constant(array, shared_memory=True)


def _widened(array: NDArray[np.uint8], chosen: openvino.Node | None) -> openvino.Node:
    return op.convert(_rows(constant(array), chosen), "f32")


def _rows(matrix: openvino.Node, chosen: openvino.Node | None) -> openvino.Node:
    return matrix if chosen is None else op.gather(matrix, chosen, axis(0))
