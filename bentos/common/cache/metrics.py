"""Prometheus series of the cache. All exist from the start, for tiers that are not used too."""

from collections.abc import Collection, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bentos.common.cache.interface import Payload

_SECONDS = (0.00001, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1)
LOOK_UP = "look-up"
STORE = "store"


class TierMetrics:
    """Series of one tier, `memory` or `redis`."""

    def __init__(self, metrics: "CacheMetrics", tier: str) -> None:
        self.hits = metrics.hits.labels(tier)
        self.misses = metrics.misses.labels(tier)
        self.hit_bytes = metrics.hit_bytes.labels(tier)
        self.stored_bytes = metrics.stored_bytes.labels(tier)
        self.seconds = metrics.look_up_seconds.labels(tier)

    def looked_up(self, found: Sequence[Payload | None], seconds: float) -> None:
        """Count one look-up of several keys."""
        hits = [payload for payload in found if payload is not None]
        self.seconds.observe(seconds)
        if hits:
            self.hits.inc(len(hits))
            self.hit_bytes.inc(sum(map(len, hits)))
        if len(hits) < len(found):
            self.misses.inc(len(found) - len(hits))

    def stored(self, payloads: Collection[Payload]) -> None:
        """Count entries that were stored."""
        self.stored_bytes.inc(sum(map(len, payloads)))


class CacheMetrics:
    """All series of one service's cache."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.hits = Counter("duobento_cache_hits", "Rows that a tier had", ["tier"], registry=registry)
        self.misses = Counter("duobento_cache_misses", "Rows that a tier did not have", ["tier"], registry=registry)
        self.hit_bytes = Counter(
            "duobento_cache_hit_bytes", "Bytes of the rows that a tier had", ["tier"], registry=registry
        )
        self.stored_bytes = Counter(
            "duobento_cache_stored_bytes", "Bytes of the rows that were put into a tier", ["tier"], registry=registry
        )
        self.look_up_seconds = Histogram(
            "duobento_cache_look_up_seconds",
            "Time of one request's look-up in a tier",
            ["tier"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.memory_bytes = Gauge(
            "duobento_cache_memory_bytes", "Resident bytes of the entries in memory, an estimate", registry=registry
        )
        self.shared = Counter(
            "duobento_cache_shared",
            "Rows that waited for another request which was computing the same row",
            registry=registry,
        )
        self.errors = Counter(
            "duobento_cache_errors", "Calls of Redis that failed or took too long", ["operation"], registry=registry
        )
        self.damaged = Counter(
            "duobento_cache_damaged", "Values in Redis that were not what had been stored", registry=registry
        )
        self.dropped = Counter(
            "duobento_cache_dropped",
            "Rows that were not stored in Redis, because it failed or was too slow",
            registry=registry,
        )
        self.circuit_open = Gauge(
            "duobento_cache_circuit_open",
            "1 while Redis is not asked, because it failed several times in a row",
            ["operation"],
            registry=registry,
        )
        self.memory = TierMetrics(self, "memory")
        self.redis = TierMetrics(self, "redis")
        for operation in (LOOK_UP, STORE):
            self.errors.labels(operation)
            self.circuit_open.labels(operation)
