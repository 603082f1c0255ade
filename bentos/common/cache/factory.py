"""The cache that the settings ask for, in front of an engine."""

from bentos.common.backends.interface import Backend
from bentos.common.cache.cached_engine import CachedEngine
from bentos.common.cache.checksum import Checksum
from bentos.common.cache.interface import Cache
from bentos.common.cache.key import Identity, RowCodec, RowHasher
from bentos.common.cache.memory import MemoryCache
from bentos.common.cache.metrics import CacheMetrics
from bentos.common.cache.tiered import TieredCache
from bentos.common.engine.engine import Engine
from bentos.common.models.profile import ModelProfile
from bentos.common.settings import CacheSettings


def identity_of(service: str, profile: ModelProfile, backend: Backend, settings: CacheSettings) -> Identity:
    """What computes the outputs of one service.

    Args:
        service: its name.
        profile: of the model.
        backend: that the model is loaded on.
        settings: in which form outputs are kept, and the operator's secret.
    """
    return Identity(
        service=service,
        model_id=profile.model_id,
        revision=profile.revision,
        backend=backend.name,
        precision=backend.precision,
        width=backend.width,
        dtype=settings.dtype,
        profile=profile.model_dump_json(),
        secret=settings.secret.get_secret_value(),
    )


def create_cache(settings: CacheSettings, identity: Identity, metrics: CacheMetrics) -> Cache | None:
    """Make the cache of one service; none if it is to have none.

    Args:
        settings: which tiers, and how large.
        identity: of what computes the outputs.
        metrics: where the tiers count.
    """
    codec = RowCodec(identity.width, identity.dtype)
    if settings.mode == "none":
        return None
    memory = MemoryCache(settings.memory_bytes, codec.size, metrics) if settings.memory_bytes else None
    if settings.mode == "memory":
        return memory

    from bentos.common.cache.redis.client import connect
    from bentos.common.cache.redis.tier import RedisCache

    checksum = Checksum(identity)
    redis = RedisCache(
        connect(settings.url.get_secret_value(), value_bytes=codec.size + checksum.size),
        identity.prefix,
        codec,
        checksum,
        ttl_seconds=settings.ttl_seconds,
        look_up_seconds=settings.timeout_ms / 1000,
        metrics=metrics,
    )
    return TieredCache(memory, redis) if memory else redis


def create_cached_engine(
    engine: Engine, cache: Cache | None, identity: Identity, metrics: CacheMetrics
) -> CachedEngine:
    """Put a cache in front of an engine.

    Args:
        engine: computes what the cache does not have.
        cache: of `create_cache`, for the same identity.
        identity: of what computes the outputs.
        metrics: where shared rows are counted.
    """
    return CachedEngine(engine, cache, RowHasher(identity), RowCodec(identity.width, identity.dtype), metrics)
