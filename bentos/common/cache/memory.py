"""The tier in the process's own memory: least recently used entries go first."""

from collections.abc import Mapping, Sequence
from time import perf_counter

from cachebox import LRUCache

from bentos.common.cache.interface import Key, Payload
from bentos.common.cache.metrics import CacheMetrics, TierMetrics

ENTRY_OVERHEAD_BYTES = 200
"""Memory of an entry besides its payload, measured as resident bytes: its key, two objects, its place in the cache."""


class MemoryCache:
    """Keeps as many payloads as fit into so many bytes; all have the same size, so counting entries counts the bytes.

    Args:
        most_bytes: of resident memory.
        payload_bytes: size of each payload.
        metrics: where look-ups are counted.
    """

    def __init__(self, most_bytes: int, payload_bytes: int, metrics: CacheMetrics) -> None:
        self._payload_bytes = payload_bytes
        self._entry_bytes = payload_bytes + ENTRY_OVERHEAD_BYTES
        self._entries: LRUCache[Key, Payload] = LRUCache(max(1, most_bytes // self._entry_bytes))
        self._metrics: TierMetrics = metrics.memory
        self._resident = metrics.memory_bytes

    @property
    def failing(self) -> list[str]:
        """Nothing: memory is always there."""
        return []

    async def get_many(self, keys: Sequence[Key]) -> list[Payload | None]:
        """Look up all keys, without giving up the event loop."""
        started = perf_counter()
        found: list[Payload | None] = [self._entries.get(key) for key in keys]
        self._metrics.seconds.observe(perf_counter() - started)
        misses = found.count(None)
        if hits := len(found) - misses:
            self._metrics.hits.inc(hits)
            self._metrics.hit_bytes.inc(hits * self._payload_bytes)
        if misses:
            self._metrics.misses.inc(misses)
        return found

    def set_many(self, entries: Mapping[Key, Payload]) -> None:
        """Keep payloads."""
        self._entries.update(entries)
        self._metrics.stored_bytes.inc(sum(map(len, entries.values())))
        self._resident.set(len(self._entries) * self._entry_bytes)

    async def start(self) -> None:
        """Nothing to begin."""

    async def close(self) -> None:
        """Free the entries."""
        self._entries.clear()
        self._resident.set(0)
