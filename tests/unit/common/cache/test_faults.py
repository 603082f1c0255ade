"""For any mix of hits, misses and faults, answers equal the uncached ones bit for bit."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.common.cache.interface import Cache
from bentos.common.cache.tiered import TieredCache
from tests.redis_server import RedisServer, needs_redis
from tests.unit.common.cache.parts import Counts, HashBackend, Parts, memory_cache, redis_cache
from tests.unit.common.engine.fake_backend import row

pytestmark = needs_redis

ENTRY_BYTES = 300
rows = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3)), min_size=1, max_size=8)


def do(server: RedisServer, fault: str) -> None:
    if fault in ("kill", "start", "hang", "resume") or server.usable:
        with suppress(redis.ResponseError):  # a server that is full or read-only cannot be damaged
            FAULTS[fault](server)


def start_anew(server: RedisServer) -> None:
    server.kill()
    server.start()


def damage(server: RedisServer) -> None:
    for number, name in enumerate(sorted(server.client.scan_iter())):
        server.client.setrange(name, number % 12, b"?")


def make_writable(server: RedisServer) -> None:
    server.client.config_set("maxmemory", 0)
    server.client.replicaof("NO", "ONE")


FAULTS: dict[str, Callable[[RedisServer], Any]] = {
    "kill": RedisServer.kill,
    "start": start_anew,
    "hang": RedisServer.hang,
    "resume": RedisServer.resume,
    "flush": lambda server: server.client.flushall(),
    "damage": damage,
    "full": lambda server: server.client.config_set("maxmemory", 1),
    "read-only": lambda server: server.client.replicaof("127.0.0.1", "1"),
    "writable": make_writable,
}
steps = st.lists(
    st.one_of(st.sampled_from(sorted(FAULTS)), st.lists(rows, min_size=1, max_size=4)), min_size=1, max_size=12
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@settings(max_examples=40)
@given(steps=steps, memory_entries=st.sampled_from([0, 2, 100]))
def test_answers_equal_uncached_ones_whatever_redis_does(
    server: RedisServer, steps: list[str | list[list[tuple[int, int]]]], memory_entries: int
) -> None:
    server.kill()
    server.start()
    counts = Counts()
    expected = HashBackend()

    async def answer(parts: Parts, request: list[tuple[int, int]]) -> None:
        wanted = [row(length, mark) for length, mark in request]
        computed = await parts.run(wanted)
        assert computed.outputs.tobytes() == expected.infer(wanted).tobytes()

    async def scenario() -> None:
        cache: Cache = redis_cache(server.url, counts, look_up_seconds=0.02)
        if memory_entries:
            cache = TieredCache(memory_cache(counts, memory_entries * ENTRY_BYTES), cache)
        await cache.start()
        parts = Parts(HashBackend(), cache, counts)
        try:
            for step in steps:
                if isinstance(step, str):
                    await asyncio.to_thread(do, server, step)
                else:
                    await asyncio.gather(*(answer(parts, request) for request in step))
        finally:
            server.resume()
            await cache.close()
            parts.close()

    asyncio.run(scenario())
