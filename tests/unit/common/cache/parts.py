"""Parts of a cache for tests, and waiting without giving up the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.cache.cached_engine import CachedEngine, Computed
from bentos.common.cache.checksum import Checksum
from bentos.common.cache.interface import Cache
from bentos.common.cache.key import DType, Identity, RowCodec, RowHasher
from bentos.common.cache.memory import MemoryCache
from bentos.common.cache.metrics import CacheMetrics
from bentos.common.cache.redis.client import connect
from bentos.common.cache.redis.tier import RedisCache
from bentos.common.engine.engine import Engine
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import EngineSettings
from bentos.common.work_options import DEFAULT, WorkOptions
from tests.unit.common.engine.fake_backend import FakeBackend

WIDTH = 2
IDENTITY = Identity(
    service="embed-service",
    model_id="heron/encoder",
    revision="1" * 40,
    backend="fake",
    precision="fp32",
    width=WIDTH,
    dtype="float32",
    profile="{}",
)
PATIENT_SECONDS = 10.0
"""Time limit of look-ups that must succeed, however busy the machine is."""


async def until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait until `condition` holds, while the event loop goes on."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert condition(), what


class Counts:
    """A registry whose series are read by name."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = CacheMetrics(self.registry)

    def __call__(self, name: str, **labels: str) -> float:
        value = self.registry.get_sample_value(f"duobento_cache_{name}", labels)
        assert value is not None, name
        return value


def redis_cache(
    url: str,
    counts: Counts,
    *,
    look_up_seconds: float = PATIENT_SECONDS,
    ttl_seconds: int = 60,
    identity: Identity = IDENTITY,
) -> RedisCache:
    return RedisCache(
        connect(url),
        identity.prefix,
        RowCodec(WIDTH, "float32"),
        Checksum(identity),
        ttl_seconds=ttl_seconds,
        look_up_seconds=look_up_seconds,
        metrics=counts.metrics,
    )


def memory_cache(counts: Counts, most_bytes: int = 1 << 20, width: int = WIDTH) -> MemoryCache:
    return MemoryCache(most_bytes, RowCodec(width, "float32").size, counts.metrics)


class HashBackend(FakeBackend):
    """Answers each row with numbers that only the same tokens give, in all their bits."""

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        super().infer(rows)
        seeds = [np.concatenate([row.ids, row.type_ids]).view(np.uint32) for row in rows]
        return np.stack([np.random.default_rng(seed).standard_normal(self.width, np.float32) for seed in seeds])


class Parts:
    """An engine on a fake backend, behind a cache."""

    def __init__(
        self,
        backend: FakeBackend,
        cache: Cache | None,
        counts: Counts,
        *,
        dtype: DType = "float32",
        hasher: RowHasher | None = None,
        **engine: Any,
    ) -> None:
        settings = EngineSettings(threads=4, **engine)
        executor = ThreadPoolExecutor(settings.streams)
        self.backend = backend
        self.engine = Engine(backend, settings, executor, Metrics(), request_timeout=300, stuck_after=60)
        hasher = hasher or RowHasher(IDENTITY)
        self.cached = CachedEngine(self.engine, cache, hasher, RowCodec(backend.width, dtype), counts.metrics)

    @property
    def computed(self) -> int:
        """Rows that reached the backend."""
        return sum(len(batch) for batch in self.backend.batches)

    async def run(self, rows: Sequence[TokenRow], options: WorkOptions = DEFAULT) -> Computed:
        """What the cached engine makes of rows and their keys."""
        return await self.cached.run([self.cached.hasher.keyed(row) for row in rows], options)

    def close(self) -> None:
        self.engine.close()
