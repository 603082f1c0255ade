"""The tier in Redis, shared by all services that use it. Whatever Redis does, a look-up takes some milliseconds."""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, TypeVar

from bentos.common.cache.checksum import Checksum, Damaged
from bentos.common.cache.interface import Key, Payload
from bentos.common.cache.key import RowCodec
from bentos.common.cache.metrics import LOOK_UP, STORE, CacheMetrics
from bentos.common.cache.redis.circuit_breaker import Circuit
from bentos.common.cache.redis.client import Client, mget

_log = logging.getLogger(__name__)
_CONNECTIONS = 16
_BATCH = 64
"""Entries of one pipeline: packing them holds the event loop for about a millisecond."""
_MOST_WAITING_BYTES = 32 * 1024 * 1024
_ENTRY_OVERHEAD_BYTES = 256
_PROBE_SECONDS = 1.0
_SECONDS_PER_KEY = 50e-6
"""Longer a look-up may take per key: large answers take time to read, little beside that of computing the rows."""
_GRACE_SECONDS = 1.0

Result = TypeVar("Result")


class RedisCache:
    """Looks up with one MGET per request, and stores in the background.

    A look-up waits for Redis no longer than its time limit. The command itself then goes on, within the client's own
    timeouts, so that a connection that takes long to be made is there for the next request.

    Args:
        client: made by `redis_client.connect`; closed with this cache.
        prefix: of all keys.
        codec: of the payloads.
        checksum: that stands behind each payload.
        ttl_seconds: after which Redis forgets an entry.
        look_up_seconds: time limit of a look-up.
        metrics: where everything is counted.
    """

    def __init__(
        self,
        client: Client,
        prefix: str,
        codec: RowCodec,
        checksum: Checksum,
        *,
        ttl_seconds: int,
        look_up_seconds: float,
        metrics: CacheMetrics,
    ) -> None:
        self._client = client
        self._prefix = prefix.encode()
        self._codec = codec
        self._checksum = checksum
        self._ttl_seconds = ttl_seconds
        self._look_up_seconds = look_up_seconds
        self._metrics = metrics
        self._look_up_circuit = Circuit(LOOK_UP, metrics)
        self._store_circuit = Circuit(STORE, metrics)
        self._connections = asyncio.Semaphore(_CONNECTIONS)
        self._waiting: deque[tuple[Key, Payload]] = deque()
        self._arrived = asyncio.Event()
        self._most_waiting = _MOST_WAITING_BYTES // (codec.size + _ENTRY_OVERHEAD_BYTES)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    @property
    def failing(self) -> list[str]:
        """Which operations Redis is not asked for at the moment."""
        return [circuit.operation for circuit in (self._look_up_circuit, self._store_circuit) if not circuit.closed]

    async def get_many(self, keys: Sequence[Key]) -> list[Payload | None]:
        """Look up all keys; all are missing while Redis fails."""
        found: list[Payload | None] = [None] * len(keys)
        started = perf_counter()
        if self._look_up_circuit.closed:
            values = await self._look_up_circuit.call(lambda: self._look_up(keys))
            if values is not None:
                found = self._verified(keys, values)
        self._metrics.redis.looked_up(found, perf_counter() - started)
        return found

    def set_many(self, entries: Mapping[Key, Payload]) -> None:
        """Store payloads in the background; what does not fit into the queue is dropped."""
        free = self._most_waiting - len(self._waiting) if self._store_circuit.closed else 0
        accepted = list(entries.items())[: max(0, free)]
        self._metrics.dropped.inc(len(entries) - len(accepted))
        if accepted:
            self._waiting.extend(accepted)
            self._arrived.set()

    async def start(self) -> None:
        """Begin to store and to probe."""
        self._spawn(self._store_forever())
        self._spawn(self._probe_forever())

    async def close(self) -> None:
        """Store what waits, if that is quick, and close all connections."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                while self._waiting and self._store_circuit.closed:
                    await self._store_batch()
        # A command that is cancelled can fail instead of ending, which looks like any other failure.
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(Exception):
            await self._client.aclose()

    async def _look_up(self, keys: Sequence[Key]) -> list[bytes | None]:
        task = self._spawn(self._mget([self._prefix + key.hex().encode() for key in keys]))
        limit = self._look_up_seconds + len(keys) * _SECONDS_PER_KEY
        # Neither the limit nor a client that leaves may cancel the command: that would cost its connection.
        await asyncio.wait({task}, timeout=limit)
        if not task.done():
            raise TimeoutError(f"no answer within {limit * 1000:.0f} ms")
        return task.result()

    async def _mget(self, names: Sequence[bytes]) -> list[bytes | None]:
        async with self._connections:
            return await mget(self._client, names)

    def _verified(self, keys: Sequence[Key], values: Sequence[bytes | None]) -> list[Payload | None]:
        """The payloads of values; none where a value is damaged, forged, or holds numbers that no row has."""
        found: list[Payload | None] = [None] * len(keys)
        damaged = 0
        for index, value in enumerate(values):
            if value is not None:
                try:
                    found[index] = self._checksum.verify_checksum(keys[index], value, self._codec.size)
                except Damaged:
                    damaged += 1
        if not self._codec.are_finite([payload for payload in found if payload is not None]):
            for index, payload in enumerate(found):
                if payload is not None and not self._codec.are_finite([payload]):
                    found[index] = None
                    damaged += 1
        if damaged:
            self._metrics.damaged.inc(damaged)
        return found

    async def _store_forever(self) -> None:
        while not self._closed:
            await self._arrived.wait()
            await self._store_batch()

    async def _store_batch(self) -> None:
        """Store the entries that have waited longest; when Redis refuses, drop all that wait."""
        batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        if await self._store_circuit.call(lambda: self._store(batch)):
            self._metrics.redis.stored([payload for _, payload in batch])
        else:
            self._metrics.dropped.inc(len(batch))
        if not self._store_circuit.closed:
            self._metrics.dropped.inc(len(self._waiting))
            self._waiting.clear()
        if not self._waiting:
            self._arrived.clear()

    async def _store(self, batch: Sequence[tuple[Key, Payload]]) -> bool:
        pipeline = self._client.pipeline(transaction=False)
        for key, payload in batch:
            name = self._prefix + key.hex().encode()
            pipeline.set(name, self._checksum.add_checksum(key, payload), ex=self._ttl_seconds)
        await pipeline.execute()
        return True

    async def _probe_forever(self) -> None:
        """While Redis fails, try in the background what requests need from it, under the same limits."""
        probe = (b"probe", bytes(self._codec.size))
        while not self._closed:
            await asyncio.sleep(_PROBE_SECONDS)
            if not self._look_up_circuit.closed:
                await self._look_up_circuit.call(lambda: self._look_up([probe[0]]))
            if not self._store_circuit.closed:
                await self._store_circuit.call(lambda: self._store([probe]))

    def _spawn(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # Of a command that nobody waits for any more; others raise it where they are awaited.
            _log.debug("A call of Redis failed: %s", error)
