"""Vectors of all rows in a `.npy` file, each at its row's offset: writing them again changes nothing."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from scripts.embed.job import EmbeddingType
from scripts.migrate.sources.interface import PointId, Record

_LARGEST, _CLIP = 127, 5.0  # as in docs/decisions/0007-quantized-embeddings.md
_TYPES: dict[EmbeddingType, np.dtype[Any]] = {
    EmbeddingType.FLOAT: np.dtype("<f4"),
    EmbeddingType.INT8: np.dtype("i1"),
    EmbeddingType.UINT8: np.dtype("u1"),
}


def shape(embedding_type: EmbeddingType, dimensions: int) -> tuple[np.dtype[Any], int]:
    """Type of the values of a stored vector, and how many there are."""
    if embedding_type in _TYPES:
        return _TYPES[embedding_type], dimensions
    return np.dtype("u1" if embedding_type is EmbeddingType.UBINARY else "i1"), -(-dimensions // 8)


def quantize(vectors: NDArray[np.float32], embedding_type: EmbeddingType, dimensions: int) -> NDArray[Any]:
    """Unit vectors of another type, with fewer dimensions.

    Args:
        vectors: float32 `[rows, dimension]`, unit length.
        dimensions: number of leading dimensions that are kept, and scaled to unit length again.

    Returns:
        `[rows, width]` of the dtype and width that `shape` gives.
    """
    if dimensions < vectors.shape[1]:
        vectors = vectors[:, :dimensions]
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    if embedding_type is EmbeddingType.FLOAT:
        return np.ascontiguousarray(vectors, "<f4")
    if embedding_type in (EmbeddingType.BINARY, EmbeddingType.UBINARY):
        bits: NDArray[np.uint8] = np.packbits(vectors > 0, axis=-1)
        return bits if embedding_type is EmbeddingType.UBINARY else (bits.astype(np.int16) - 128).astype(np.int8)
    steps: NDArray[np.float32] = np.clip(
        np.rint(vectors * (_LARGEST * math.sqrt(dimensions) / _CLIP)), -_LARGEST, _LARGEST
    )
    return steps.astype(np.int8) if embedding_type is EmbeddingType.INT8 else (steps + 128).astype(np.uint8)


class VectorFile:
    """The file, open to be read and written, as a context manager; the row of a record that failed stays zero.

    Not mapped into memory: its pages would count as the process's own.
    """

    def __init__(self, path: Path, rows: int, dimensions: int, embedding_type: EmbeddingType) -> None:
        self._embedding_type = embedding_type
        self._dimensions = dimensions
        self.dtype, self.width = shape(embedding_type, dimensions)
        self._stride = self.width * self.dtype.itemsize
        if not path.exists():
            begun = path.with_suffix(".new")
            with begun.open("wb") as file:
                header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False}
                np.lib.format.write_array_header_1_0(file, header | {"shape": (rows, self.width)})
                file.truncate(file.tell() + rows * self._stride)
            begun.replace(path)
        self._descriptor = os.open(path, os.O_RDWR)
        self._start = path.stat().st_size - rows * self._stride

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def write(self, records: Sequence[Record], vectors: NDArray[np.float32]) -> dict[PointId, str]:
        """Write vectors float32 `[records, dimension]` at their rows' offsets; never refuses any."""
        for record, row in zip(records, quantize(vectors, self._embedding_type, self._dimensions), strict=True):
            os.pwrite(self._descriptor, row.tobytes(), self._start + int(record.id) * self._stride)
        return {}

    def flush(self) -> None:
        """Have everything on disk before this returns."""
        os.fsync(self._descriptor)

    def read(self, first: int, count: int) -> NDArray[Any]:
        """Vectors `[count, width]` of consecutive rows, of the file's dtype."""
        raw = os.pread(self._descriptor, count * self._stride, self._start + first * self._stride)
        return np.frombuffer(raw, self.dtype).reshape(count, self.width)
