"""Unit vectors in fewer bits (docs/decisions/0007-quantized-embeddings.md has the reasons and what it costs)."""

import base64
import math
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bentos.common.backends.interface import Outputs

_CLIP = 5.0
_LARGEST = 127


class EmbeddingType(StrEnum):
    """Forms in which vectors can be had."""

    FLOAT = "float"
    INT8 = "int8"
    UINT8 = "uint8"
    BINARY = "binary"
    UBINARY = "ubinary"
    BASE64 = "base64"


def quantize(vectors: Outputs, kind: EmbeddingType) -> NDArray[Any] | list[str]:
    """Vectors as another embedding type.

    Args:
        vectors: float32 `[texts, dimension]`, unit length.
        kind: `float` returns them as they are.

    Returns:
        C-contiguous `[texts, dimension]` of float32, int8 or uint8; `[texts, ceil(dimension / 8)]` of int8 or uint8
        for the binary forms; a string per text for base64.
    """
    match kind:
        case EmbeddingType.FLOAT:
            return vectors
        case EmbeddingType.INT8:
            return int8(vectors)
        case EmbeddingType.UINT8:
            # The same steps with the zero at 128.
            return (int8(vectors).astype(np.int16) + 128).astype(np.uint8)
        case EmbeddingType.BINARY:
            return (ubinary(vectors).astype(np.int16) - 128).astype(np.int8)
        case EmbeddingType.UBINARY:
            return ubinary(vectors)
        case EmbeddingType.BASE64:
            return base64_float32(vectors)


def int8(vectors: Outputs) -> NDArray[np.int8]:
    """Numbers as multiples of one step, -127 to 127; the step depends on the dimension alone.

    So the dot product of any two vectors of a model, whenever they were made, is that of the originals times a
    constant. Numbers beyond 5 / sqrt(dimension) are clipped.
    """
    steps = np.rint(vectors * (_LARGEST * math.sqrt(vectors.shape[1]) / _CLIP))
    clipped: Outputs = np.clip(steps, -_LARGEST, _LARGEST)
    return clipped.astype(np.int8)


def ubinary(vectors: Outputs) -> NDArray[np.uint8]:
    """One bit per number, 1 for positive ones, eight to a byte, the first in the highest bit."""
    return np.packbits(vectors > 0, axis=-1)


def base64_float32(vectors: Outputs) -> list[str]:
    """Each vector as base64 of little-endian float32."""
    return base64_rows(vectors)


def base64_rows(array: NDArray[Any]) -> list[str]:
    """Each row as base64 of its numbers, those of several bytes little-endian."""
    little_endian = array.astype(array.dtype.newbyteorder("<"))
    return [base64.b64encode(row.tobytes()).decode("ascii") for row in little_endian]
