"""Vectors as JSON; those that are asked for again and again are written once."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import orjson
from cachebox import LRUCache

from bentos.common.backends.interface import Outputs
from bentos.embed.encoder import Embeddings

JSONRows: TypeAlias = Outputs | Sequence[orjson.Fragment]
"""What `ArrayJSON` writes as one array of numbers for each vector."""
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

    def rows(self, embeddings: Embeddings) -> JSONRows:
        """The vectors, ready to be written; as they are if one is fresh, since few of such a request come again."""
        vectors = embeddings.vectors
        if embeddings.cached < len(vectors) or not self._most_bytes:
            return vectors
        raw, size = vectors.tobytes(), vectors.shape[1] * vectors.itemsize
        return [orjson.Fragment(self._row(raw[start : start + size])) for start in range(0, len(raw), size)]

    def _row(self, vector: bytes) -> bytes:
        written: bytes | None = self._written.get(vector)
        if written is None:
            dumped = orjson.dumps(np.frombuffer(vector, np.float32), option=orjson.OPT_SERIALIZE_NUMPY)
            written = bytes(memoryview(dumped))  # a copy, as orjson's own bytes stand in a place twice their size
            if _entry_bytes(vector, written) <= self._most_bytes:
                self._written[vector] = written
        return written


def _entry_bytes(vector: bytes, written: bytes) -> int:
    return _ENTRY_BYTES + len(vector) + len(written)
