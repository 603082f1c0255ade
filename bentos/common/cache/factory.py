"""The cache that the settings ask for."""

from bentos.common.cache.checksum import Checksum
from bentos.common.cache.codec import RowCodec
from bentos.common.cache.interface import Cache
from bentos.common.cache.key import Identity
from bentos.common.cache.memory import MemoryCache
from bentos.common.cache.metrics import CacheMetrics
from bentos.common.cache.tiered import TieredCache
from bentos.common.settings import CacheSettings


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
