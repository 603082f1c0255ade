"""Is the cache reachable, and does it help?"""

from scripts.doctor.finding import Finding, NotChecked, failure, ok, warning
from scripts.doctor.service_check import ServiceCheck


class CacheReachable(ServiceCheck):
    """The cache that is configured works."""

    name = "cache"

    def run(self) -> Finding:
        """Read what `/health` says about it."""
        cache = self.service.health.get("cache") or {}
        if cache.get("mode") == "none":
            return warning(
                "There is no cache: every text is computed anew.", "Unset CACHE_URL, or name a Redis with it."
            )
        if cache.get("status") != "ok":
            return failure(
                f"The {cache.get('mode')} cache fails at: {', '.join(cache.get('failing', []))}.",
                "Requests go without it. Start Redis, or correct CACHE_URL; docs/operations.md lists the faults.",
            )
        return ok("Redis answers." if cache.get("mode") == "redis" else "The cache is in the service's memory.")


class HitRate(ServiceCheck):
    """How many rows the cache had, since the service started."""

    name = "hit rate"

    def run(self) -> Finding:
        """Count by tier: Redis is asked only for what memory has not."""
        rates = [rate for tier in ("memory", "redis") if (rate := self._rate(tier))]
        if not rates:
            raise NotChecked("Nothing has been looked up yet.", "Ask again when there has been traffic.")
        return ok(f"{', '.join(rates)}.")

    def _rate(self, tier: str) -> str:
        hits = self.service.metric("duobento_cache_hits_total", tier=tier) or 0
        misses = self.service.metric("duobento_cache_misses_total", tier=tier) or 0
        return f"{tier} had {hits / (hits + misses):.0%} of {hits + misses:.0f} rows" if hits + misses else ""
