"""Vectors and their JSON: those that are asked for again and again are written once."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import orjson
from cachebox import LRUCache

from bentos.common.backends.interface import Outputs

_JSONRows: TypeAlias = Outputs | list[orjson.Fragment]
_TINY = np.float32(1e-12)
_ENTRY_BYTES = 700
"""Memory of an entry besides vector and JSON, measured as resident bytes."""


class JSONFragmentCache:
    """The JSON of recent vectors, as writing numbers takes longer than all else of an answer from the cache.

    A vector's own bits are its key, so an answer's numbers are always those of its vectors.

    Args:
        most_bytes: of memory, by estimate; 0 keeps nothing.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        # cachebox takes 0 as no limit, and raises for an entry above it: `_row` asks before it keeps one.
        self._written: LRUCache[bytes, bytes] = LRUCache(most_bytes, getsizeof=_entry_bytes)

    def rows(self, array: Outputs) -> _JSONRows:
        """Vectors, float32 `[texts, dimension]`, ready to be written."""
        if not self._most_bytes:
            return array
        raw, size = array.tobytes(), array.shape[1] * array.itemsize
        return [orjson.Fragment(self._row(raw[start : start + size])) for start in range(0, len(raw), size)]

    def _row(self, vector: bytes) -> bytes:
        written: bytes | None = self._written.get(vector)
        if written is None:
            dumped = orjson.dumps(np.frombuffer(vector, np.float32), option=orjson.OPT_SERIALIZE_NUMPY)
            written = bytes(memoryview(dumped))  # a copy, as orjson's own bytes stand in a place twice their size
            if _entry_bytes(vector, written) <= self._most_bytes:
                self._written[vector] = written
        return written


class Vectors:
    """Vectors of an answer, in the order of its texts; `ArrayJSON` writes one array of numbers for each.

    Args:
        array: float32 `[texts, dimension]`, unit length; also an attribute.
        fragments: where JSON is kept.
        cached: how many of the vectors were in the cache. If one was not, few of the others come again: none is kept.
    """

    __slots__ = ("_cached", "_fragments", "array")  # no dataclass, which orjson would write as an object

    def __init__(self, array: Outputs, fragments: JSONFragmentCache, cached: int) -> None:
        self.array = array
        self._fragments = fragments
        self._cached = cached

    def to_json(self) -> _JSONRows:
        """All vectors as `ArrayJSON` writes them."""
        return self.array if self._cached < len(self.array) else self._fragments.rows(self.array)

    def __getitem__(self, index: int) -> Any:
        return self.to_json()[index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.to_json())

    def __len__(self) -> int:
        return len(self.array)


def cut(array: Outputs, dimension: int, *, normalized: bool) -> Outputs:
    """The first `dimension` numbers of each vector.

    Args:
        array: float32 `[texts, numbers]`.
        dimension: at most as many.
        normalized: whether they get unit length again.

    Returns:
        float32 `[texts, dimension]`, C-contiguous.
    """
    if dimension == array.shape[1]:
        return array
    short = np.ascontiguousarray(array[:, :dimension])
    return short / np.maximum(np.linalg.norm(short, axis=1, keepdims=True), _TINY) if normalized else short


def _entry_bytes(vector: bytes, written: bytes) -> int:
    return _ENTRY_BYTES + len(vector) + len(written)
