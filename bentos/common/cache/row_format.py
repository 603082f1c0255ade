"""How a row of outputs is written as bytes."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from bentos.common.backends.interface import Outputs
from bentos.common.cache.interface import Payload

DType: TypeAlias = Literal["float32", "float16"]


class RowFormat:
    """Raw little-endian numbers.

    Attributes:
        size: bytes of a payload.
    """

    def __init__(self, width: int, dtype: DType) -> None:
        self._width = width
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self.size = width * self._dtype.itemsize

    def write(self, outputs: Outputs) -> list[Payload]:
        """A payload of each row of float32 `[rows, width]`."""
        raw = outputs.astype(self._dtype).tobytes()
        return [raw[start : start + self.size] for start in range(0, len(raw), self.size)]

    def read(self, payloads: Sequence[Payload]) -> Outputs:
        """Float32 `[payloads, width]`; of float32 the very bits that were written."""
        rows = np.frombuffer(b"".join(payloads), self._dtype).reshape(len(payloads), self._width)
        return rows.astype(np.float32, copy=False)
