"""How a row of outputs is written as bytes."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from bentos.common.backends.interface import Outputs
from bentos.common.cache.interface import Payload

DType: TypeAlias = Literal["float32", "float16"]


class RowCodec:
    """Raw little-endian numbers, all of them finite.

    Attributes:
        size: bytes of a payload.
    """

    def __init__(self, width: int, dtype: DType) -> None:
        self._width = width
        self._dtype = np.dtype(dtype).newbyteorder("<")
        self.size = width * self._dtype.itemsize

    def write(self, outputs: Outputs) -> list[Payload | None]:
        """A payload of each row of float32 `[rows, width]`; none where float16 has no room for a number."""
        with np.errstate(over="ignore"):
            rows = outputs.astype(self._dtype)
        raw = rows.tobytes()
        payloads = [raw[start : start + self.size] for start in range(0, len(raw), self.size)]
        finite = np.isfinite(rows)
        if finite.all():
            return [*payloads]
        return [payload if finite[row].all() else None for row, payload in enumerate(payloads)]

    def read(self, payloads: Sequence[Payload]) -> Outputs:
        """Float32 `[payloads, width]`; of float32 the very bits that were written."""
        rows = np.frombuffer(b"".join(payloads), self._dtype).reshape(len(payloads), self._width)
        return rows.astype(np.float32, copy=False)

    def are_finite(self, payloads: Sequence[Payload]) -> bool:
        """Whether none of the numbers is infinite or NaN."""
        return bool(np.isfinite(np.frombuffer(b"".join(payloads), self._dtype)).all())
