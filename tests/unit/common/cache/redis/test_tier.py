"""The tier in Redis against real servers, in every state that a server can be in."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bentos.common.cache.checksum import Checksum
from bentos.common.cache.redis.tier import RedisCache
from scripts.free_port import free_port
from tests.http.server import wait_for
from tests.redis_server import RedisServer, needs_redis
from tests.unit.common.cache.parts import IDENTITY, Counts, redis_cache, until

pytestmark = [pytest.mark.anyio, needs_redis]

KEYS = [bytes([number]) * 20 for number in range(4)]
ENTRIES = {key: key[:8] for key in KEYS}
PAYLOADS = list(ENTRIES.values())
NONE = [None] * len(KEYS)
IMPATIENT_SECONDS = 0.05
Faults = Callable[[RedisServer], Any]


def name_of(key: bytes) -> str:
    return IDENTITY.prefix + key.hex()


@asynccontextmanager
async def started(url: str, counts: Counts, **options: Any) -> AsyncIterator[RedisCache]:
    cache = redis_cache(url, counts, **options)
    await cache.start()
    try:
        yield cache
    finally:
        await cache.close()


async def store(cache: RedisCache, counts: Counts) -> None:
    """Store the entries and wait until they are."""
    before = counts("stored_bytes_total", tier="redis")
    cache.set_many(ENTRIES)
    await until(lambda: counts("stored_bytes_total", tier="redis") == before + 32, "the entries are stored")


async def fail(cache: RedisCache) -> None:
    """Ask until the cache stops asking Redis; every look-up is a miss."""
    for _ in range(3):
        assert await cache.get_many(KEYS) == NONE
    assert "look-up" in cache.failing


async def healed(cache: RedisCache) -> None:
    await until(lambda: not cache.failing, "the cache asks Redis again")


async def test_what_one_cache_stored_another_one_finds(redis_server: RedisServer) -> None:
    counts = Counts()
    async with started(redis_server.url, counts) as writer, started(redis_server.url, counts) as reader:
        assert await reader.get_many(KEYS) == NONE
        await store(writer, counts)
        assert await reader.get_many([KEYS[2], b"?" * 20, KEYS[0]]) == [PAYLOADS[2], None, PAYLOADS[0]]
        assert reader.failing == []
    assert (counts("hits_total", tier="redis"), counts("misses_total", tier="redis")) == (2, 5)
    assert counts("hit_bytes_total", tier="redis") == 16


async def test_names_hold_the_prefix_and_a_digest_and_entries_expire(redis_server: RedisServer) -> None:
    counts = Counts()
    async with started(redis_server.url, counts, ttl_seconds=1) as cache:
        await store(cache, counts)
        assert {name.decode() for name in redis_server.client.scan_iter()} == {name_of(key) for key in KEYS}
        assert 0 < redis_server.client.pttl(name_of(KEYS[0])) <= 1000
        await until(lambda: redis_server.client.dbsize() == 0, "the entries expire")
        assert await cache.get_many(KEYS) == NONE


async def test_a_look_up_of_10000_keys_is_a_few_commands(redis_server: RedisServer) -> None:
    counts = Counts()
    keys = [number.to_bytes(20, "big") for number in range(10_000)]
    async with started(redis_server.url, counts) as cache:
        cache.set_many({key: key[-8:] for key in keys})
        await until(lambda: counts("stored_bytes_total", tier="redis") == 80_000, "all are stored")
        assert await cache.get_many(keys) == [key[-8:] for key in keys]
    assert redis_server.statistic("commandstats", "cmdstat_mget")["calls"] == 5


async def test_a_server_that_evicts_goes_on(tmp_path: Path) -> None:
    counts = Counts()
    keys = [number.to_bytes(20, "big") for number in range(20_000)]
    with RedisServer(tmp_path, "--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru") as server:
        async with started(server.url, counts) as cache:
            cache.set_many({key: key[-8:] for key in keys})
            await until(lambda: counts("stored_bytes_total", tier="redis") == 160_000, "all were stored")
            found = await cache.get_many(keys)
            assert server.statistic("stats", "evicted_keys") > 0
            assert cache.failing == []
    assert set(found) > {None}
    assert all(payload in (None, key[-8:]) for key, payload in zip(keys, found, strict=True))


async def test_entries_are_gone_after_a_restart_and_can_be_stored_again(redis_server: RedisServer) -> None:
    counts = Counts()
    async with started(redis_server.url, counts) as cache:
        await store(cache, counts)
        redis_server.kill()
        await fail(cache)
        redis_server.start()
        await healed(cache)
        assert await cache.get_many(KEYS) == NONE
        await store(cache, counts)
        assert await cache.get_many(KEYS) == PAYLOADS


async def test_a_server_that_hangs_is_not_asked_until_it_goes_on(redis_server: RedisServer) -> None:
    counts = Counts()
    async with started(redis_server.url, counts, look_up_seconds=IMPATIENT_SECONDS) as cache:
        await store(cache, counts)
        redis_server.hang()
        await fail(cache)
        errors = counts("errors_total", operation="look-up")
        assert await cache.get_many(KEYS) == NONE
        assert counts("errors_total", operation="look-up") == errors, "Redis was asked again"
        assert counts("circuit_open", operation="look-up") == 1
        redis_server.resume()
        await healed(cache)
        assert counts("circuit_open", operation="look-up") == 0
        await until_found(cache)


async def until_found(cache: RedisCache) -> None:
    """Look up until all is found, as a short time limit may pass on a busy machine."""
    async with asyncio.timeout(30):
        while await cache.get_many(KEYS) != PAYLOADS:
            pass


async def test_a_slow_server_counts_as_failing(redis_server: RedisServer) -> None:
    counts = Counts()
    async with started(redis_server.url, counts, look_up_seconds=IMPATIENT_SECONDS) as cache:
        await store(cache, counts)
        redis_server.client.client_pause(1000)
        await fail(cache)
        await healed(cache)


async def test_a_server_that_was_down_from_the_start_is_used_once_it_is_up(redis_server: RedisServer) -> None:
    redis_server.kill()
    counts = Counts()
    async with started(redis_server.url, counts) as cache:
        cache.set_many(ENTRIES)
        await fail(cache)
        redis_server.start()
        await healed(cache)
        await store(cache, counts)
        assert await cache.get_many(KEYS) == PAYLOADS


@pytest.mark.parametrize("url", ["redis://:wrong@127.0.0.1:{port}/0", "redis://127.0.0.1:{port}/0"])
async def test_a_wrong_or_missing_password_is_a_miss(tmp_path: Path, url: str) -> None:
    counts = Counts()
    with RedisServer(tmp_path, "--requirepass", "secret") as server:
        async with started(url.format(port=server.port), counts) as cache:
            await fail(cache)
        async with started(f"redis://:secret@127.0.0.1:{server.port}/0", counts) as cache:
            await store(cache, counts)
            assert await cache.get_many(KEYS) == PAYLOADS


def out_of_memory(server: RedisServer) -> None:
    server.client.config_set("maxmemory", 1)


def read_only(server: RedisServer) -> None:
    server.client.replicaof("127.0.0.1", str(free_port()))


def writable_without_memory_limit(server: RedisServer) -> None:
    server.client.config_set("maxmemory", 0)
    server.client.replicaof("NO", "ONE")


@pytest.mark.parametrize("fault", [out_of_memory, read_only])
async def test_a_server_that_takes_no_writes_still_answers_look_ups(redis_server: RedisServer, fault: Faults) -> None:
    counts = Counts()
    async with started(redis_server.url, counts) as cache:
        await store(cache, counts)
        fault(redis_server)
        async with asyncio.timeout(30):
            while cache.failing != ["store"]:
                cache.set_many({b"?" * 20: b"12345678"})
                await asyncio.sleep(0)
        assert await cache.get_many(KEYS) == PAYLOADS
        assert counts("errors_total", operation="store") >= 3
        dropped = counts("dropped_total")
        cache.set_many(ENTRIES)
        assert counts("dropped_total") == dropped + len(ENTRIES)
        writable_without_memory_limit(redis_server)
        await healed(cache)
        await store(cache, counts)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda server, name: server.client.set(name, b"foreign"), id="foreign"),
        pytest.param(lambda server, name: server.client.set(name, b""), id="empty"),
        pytest.param(lambda server, name: server.client.append(name, b"?"), id="longer"),
        pytest.param(lambda server, name: server.client.setrange(name, 3, b"?"), id="one byte"),
        pytest.param(lambda server, name: server.client.copy(name_of(KEYS[1]), name, replace=True), id="other key's"),
    ],
)
async def test_a_damaged_value_is_a_miss_and_counted(redis_server: RedisServer, damage: Callable[..., Any]) -> None:
    counts = Counts()
    async with started(redis_server.url, counts) as cache:
        await store(cache, counts)
        damage(redis_server, name_of(KEYS[0]))
        assert await cache.get_many(KEYS) == [None, *PAYLOADS[1:]]
        assert counts("damaged_total") == 1
        await store(cache, counts)
        assert await cache.get_many(KEYS) == PAYLOADS
        assert cache.failing == []


@pytest.mark.parametrize("secret", ["", "secret"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
async def test_numbers_that_are_not_finite_are_a_miss_whatever_their_checksum(
    redis_server: RedisServer, secret: str, number: float
) -> None:
    counts = Counts()
    identity = replace(IDENTITY, secret=secret)
    async with started(redis_server.url, counts, identity=identity) as cache:
        await store(cache, counts)
        forged = Checksum(identity).add_checksum(KEYS[2], np.array([0.5, number], "<f4").tobytes())
        redis_server.client.set(identity.prefix + KEYS[2].hex(), forged)
        assert await cache.get_many(KEYS) == [*PAYLOADS[:2], None, *PAYLOADS[3:]]
        assert counts("damaged_total") == 1


async def test_with_a_secret_a_value_of_someone_without_it_is_a_miss(redis_server: RedisServer) -> None:
    counts = Counts()
    ours, theirs = (replace(IDENTITY, secret=secret) for secret in ("ours", "theirs"))
    forged = {
        KEYS[0]: Checksum(IDENTITY),
        KEYS[1]: Checksum(theirs),
        KEYS[2]: Checksum(replace(ours, precision="int8")),
    }
    async with started(redis_server.url, counts, identity=ours) as cache:
        await store(cache, counts)
        for key, checksum in forged.items():
            redis_server.client.set(ours.prefix + key.hex(), checksum.add_checksum(key, PAYLOADS[0]))
        assert await cache.get_many(KEYS) == [None, None, None, PAYLOADS[3]]
        assert counts("damaged_total") == 3


async def test_a_value_of_the_wrong_type_is_a_miss_and_replaced(redis_server: RedisServer) -> None:
    counts = Counts()
    async with started(redis_server.url, counts) as cache:
        redis_server.client.lpush(name_of(KEYS[0]), "heron")
        assert await cache.get_many(KEYS) == NONE
        await store(cache, counts)
        assert await cache.get_many(KEYS) == PAYLOADS


async def test_what_answers_but_is_no_redis_is_a_miss() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    web = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = web.sockets[0].getsockname()[1]
    async with web, started(f"redis://127.0.0.1:{port}/0", Counts()) as cache:
        await fail(cache)


async def test_what_cannot_be_stored_in_time_is_dropped_and_counted(redis_server: RedisServer) -> None:
    counts = Counts()
    async with started(redis_server.url, counts) as cache:
        capacity = cache._most_waiting
        cache.set_many({number.to_bytes(20, "big"): b"12345678" for number in range(capacity + 5)})
        assert counts("dropped_total") == 5


async def test_a_client_that_leaves_does_not_cost_a_connection(redis_server: RedisServer) -> None:
    counts = Counts()
    async with started(redis_server.url, counts) as cache:
        await store(cache, counts)
        before = redis_server.statistic("stats", "total_connections_received")
        for _ in range(5):
            leaving = asyncio.create_task(cache.get_many(KEYS))
            await asyncio.sleep(0)
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
            assert await cache.get_many(KEYS) == PAYLOADS
        assert redis_server.statistic("stats", "total_connections_received") <= before + 1
        assert cache.failing == []


async def test_another_precision_has_entries_of_its_own(redis_server: RedisServer) -> None:
    counts = Counts()
    other = replace(IDENTITY, precision="int8")
    async with started(redis_server.url, counts) as one, started(redis_server.url, counts, identity=other) as two:
        await store(one, counts)
        assert await two.get_many(KEYS) == NONE


async def test_a_socket_of_the_file_system_works(tmp_path: Path) -> None:
    counts = Counts()
    with RedisServer(tmp_path, "--unixsocket", "redis.sock"):
        async with started(f"unix://{tmp_path}/redis.sock", counts) as cache:
            await store(cache, counts)
            assert await cache.get_many(KEYS) == PAYLOADS


async def test_tls_works(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    counts = Counts()
    port = free_port()
    options = ("--tls-port", str(port), "--tls-auth-clients", "no", "--tls-cert-file", "cert.pem")
    with RedisServer(tmp_path, *options, "--tls-key-file", "key.pem", "--tls-ca-cert-file", "cert.pem"):
        async with started(f"rediss://localhost:{port}/0?ssl_ca_certs={tmp_path}/cert.pem", counts) as cache:
            await store(cache, counts)
            assert await cache.get_many(KEYS) == PAYLOADS


async def test_a_cluster_works(tmp_path: Path) -> None:
    counts = Counts()
    with RedisServer(tmp_path, "--cluster-enabled", "yes", "--cluster-port", str(free_port())) as server:
        cluster: Any = server.client
        cluster.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
        wait_for(lambda: cluster.cluster("INFO")["cluster_state"] == "ok", "the cluster is ready")
        async with started(f"redis+cluster://127.0.0.1:{server.port}", counts) as cache:
            await store(cache, counts)
            assert await cache.get_many(KEYS) == PAYLOADS
            server.kill()
            await fail(cache)


async def test_a_server_behind_a_sentinel_works(tmp_path: Path, redis_server: RedisServer) -> None:
    counts = Counts()
    file = tmp_path / "sentinel.conf"
    file.write_text(f"sentinel monitor herons 127.0.0.1 {redis_server.port} 1\n")
    with RedisServer(tmp_path, "--sentinel", file=file) as sentinel:
        async with started(f"redis+sentinel://127.0.0.1:{sentinel.port}/herons/0", counts) as cache:
            await store(cache, counts)
            assert await cache.get_many(KEYS) == PAYLOADS


def make_certificate(folder: Path) -> None:
    """`key.pem` and `cert.pem`, of localhost."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
