"""Whoever answers in place of Redis costs no more than the time-out: not the event loop, and not the memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import psutil
import pytest
from redis.exceptions import RedisError

from bentos.common.cache.redis.client import connect, mget
from tests.redis_impostor import Attack, Impostor
from tests.unit.common.cache.parts import Counts, redis_cache

pytestmark = pytest.mark.anyio

KEYS = [bytes([number]) * 20 for number in range(4)]
VALUE_BYTES = 4112
MOST_LAG_SECONDS = 0.5
"""Hundreds of times what it takes on an idle machine; an array that was allocated as announced took ten seconds."""
MOST_MEMORY_BYTES = 64 * 2**20
VALUE = b"$4112\r\n" + b"v" * VALUE_BYTES + b"\r\n"

ATTACKS = [
    Attack("array", b"*1000000000\r\n"),
    Attack("array in an array", b"*1\r\n*1000000000\r\n"),
    Attack("array with items", b"*1000000000\r\n", b":1\r\n"),
    Attack("arrays that each are allowed", b"", b"*50000\r\n"),
    Attack("arrays without end in arrays", b"", b"*1\r\n"),
    Attack("more values than were asked for", b"*100000\r\n", VALUE),
    Attack("map", b"%1000000000\r\n"),
    Attack("set", b"~1000000000\r\n"),
    Attack("push message", b">1000000000\r\n"),
    Attack("push messages", b"", b">1\r\n+heron\r\n"),
    Attack("attributes", b"|1000000000\r\n"),
    Attack("string", b"$1000000000\r\n", b"a"),
    Attack("string in an array", b"*4\r\n$1000000000\r\n", b"a"),
    Attack("string of the largest length", b"$9223372036854775807\r\n", b"a"),
    Attack("string of a negative length", b"$-1000000000\r\n", b"a"),
    Attack("error of many bytes", b"!1000000000\r\n", b"a"),
    Attack("verbatim string", b"=1000000000\r\n", b"a"),
    Attack("status without end", b"+", b"a"),
    Attack("error without end", b"-ERR ", b"a"),
    Attack("number without end", b":", b"9"),
    Attack("big number without end", b"(", b"9"),
    Attack("length without end", b"*", b"9"),
    Attack("header without a number", b"*four\r\n"),
    Attack("line ends", b"", b"\r\n"),
    Attack("zeroes", b"", b"\0"),
    Attack("array, byte by byte", b"*1\r\n*1000000000\r\n", packet_bytes=1),
    Attack("string, byte by byte", b"$65536\r\n", b"a", packet_bytes=1),
    Attack("status, byte by byte", b"+", b"a", packet_bytes=1),
    Attack("other values, byte by byte", b"*3\r\n", VALUE, packet_bytes=1),
    Attack("silence", b""),
    Attack("too few values", b"*1\r\n$-1\r\n"),
    Attack("no list", b":4\r\n"),
    Attack("as many numbers", b"*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n"),
    Attack("as many pairs", b"%4\r\n:1\r\n:1\r\n:2\r\n:1\r\n:3\r\n:1\r\n:4\r\n:1\r\n"),
    Attack("as many characters", b"$4\r\nabcd\r\n"),
]
attacked = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


@asynccontextmanager
async def harmless() -> AsyncIterator[None]:
    """A block during which the event loop goes on and memory stays as it is."""
    process = psutil.Process()
    before = process.memory_info().rss
    worst_lag, most_memory = 0.0, 0

    async def watch() -> None:
        nonlocal worst_lag, most_memory
        while True:
            started = perf_counter()
            await asyncio.sleep(0.005)
            worst_lag = max(worst_lag, perf_counter() - started)
            most_memory = max(most_memory, process.memory_info().rss - before)

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        await asyncio.sleep(0.02)
        watching.cancel()
    assert worst_lag < MOST_LAG_SECONDS
    assert most_memory < MOST_MEMORY_BYTES


@attacked
async def test_an_answer_that_no_redis_gives_is_an_error_within_the_time_out(attack: Attack) -> None:
    with Impostor(attack) as impostor:
        client = connect(impostor.url, value_bytes=VALUE_BYTES)
        async with harmless():
            async with asyncio.timeout(10):
                with pytest.raises(RedisError):
                    await mget(client, KEYS)
            await client.aclose()


@attacked
async def test_a_look_up_is_a_miss_and_redis_is_not_asked_again(attack: Attack) -> None:
    with Impostor(attack) as impostor:
        cache = redis_cache(impostor.url, Counts(), look_up_seconds=0.05)
        async with harmless(), asyncio.timeout(10):
            while "look-up" not in cache.failing:
                assert await cache.get_many(KEYS) == [None] * len(KEYS)
            await cache.close()


@pytest.mark.parametrize("scheme", ["redis+cluster://{}", "redis+sentinel://{}/herons/0"])
async def test_an_impostor_in_a_cluster_or_among_sentinels_is_held_to_the_same_limits(scheme: str) -> None:
    for attack in ATTACKS[:2]:
        with Impostor(attack) as impostor:
            cache = redis_cache(scheme.format(f"127.0.0.1:{impostor.port}"), Counts(), look_up_seconds=0.5)
            async with harmless(), asyncio.timeout(30):
                while "look-up" not in cache.failing:
                    assert await cache.get_many(KEYS) == [None] * len(KEYS)
                await cache.close()
