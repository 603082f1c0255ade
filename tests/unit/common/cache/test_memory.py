"""The tier in memory: bounded, and the least recently used goes first."""

import pytest

from bentos.common.cache.memory import ENTRY_OVERHEAD_BYTES, MemoryCache
from tests.unit.common.cache.parts import Counts

pytestmark = pytest.mark.anyio

PAYLOAD = b"12345678"
ENTRY_BYTES = len(PAYLOAD) + ENTRY_OVERHEAD_BYTES


def key(number: int) -> bytes:
    return number.to_bytes(20, "big")


async def test_the_least_recently_used_entry_makes_room() -> None:
    counts = Counts()
    cache = MemoryCache(3 * ENTRY_BYTES, len(PAYLOAD), counts.metrics)
    cache.set_many({key(number): PAYLOAD for number in range(3)})
    await cache.get_many([key(0)])
    cache.set_many({key(3): PAYLOAD})
    assert await cache.get_many([key(number) for number in range(4)]) == [PAYLOAD, None, PAYLOAD, PAYLOAD]
    assert counts("memory_bytes") == 3 * ENTRY_BYTES


async def test_more_entries_at_once_than_fit_are_no_fault() -> None:
    cache = MemoryCache(3 * ENTRY_BYTES, len(PAYLOAD), Counts().metrics)
    cache.set_many({key(number): PAYLOAD for number in range(10)})
    found = await cache.get_many([key(number) for number in range(10)])
    assert sum(payload is not None for payload in found) == 3


async def test_hits_misses_and_bytes_are_counted() -> None:
    counts = Counts()
    cache = MemoryCache(1 << 20, len(PAYLOAD), counts.metrics)
    cache.set_many({key(0): PAYLOAD})
    await cache.get_many([key(0), key(1), key(2)])
    assert counts("hits_total", tier="memory") == 1
    assert counts("misses_total", tier="memory") == 2
    assert counts("hit_bytes_total", tier="memory") == counts("stored_bytes_total", tier="memory") == 8
    assert counts("look_up_seconds_count", tier="memory") == 1
    await cache.close()
    assert counts("memory_bytes") == 0
