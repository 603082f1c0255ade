"""A client of the Redis that a URL names: one server, a cluster, or what sentinels watch over."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bentos.common.redis_url import RedisURL

Client: TypeAlias = "Redis | RedisCluster"
_PATIENCE_SECONDS = 1.0


def connect(url: str, patience_seconds: float = _PATIENCE_SECONDS) -> Client:
    """Make a client. It connects when it is first used, and tries everything once: who calls it knows better.

    Args:
        url: in one of the forms of `RedisURL`.
        patience_seconds: how long a connection may take to be made, and an answer to come.

    Raises:
        ValueError: the URL is in none of the forms.
    """
    address = RedisURL.parse(url)
    timeouts: dict[str, Any] = {"socket_timeout": patience_seconds, "socket_connect_timeout": patience_seconds}
    once = Retry(NoBackoff(), 0)
    if address.topology == "server":
        return Redis.from_url(url, **timeouts, retry=once)
    options: dict[str, Any] = {**timeouts, "ssl": address.tls, **address.options}
    if address.topology == "cluster":
        nodes = [ClusterNode(host, port) for host, port in address.nodes]
        return RedisCluster(startup_nodes=nodes, require_full_coverage=False, retry=once, **options)
    sentinel_options = {name: value for name, value in options.items() if name.startswith(("socket_", "ssl"))}
    sentinel_options["retry"] = once
    sentinels = Sentinel(list(address.nodes), sentinel_kwargs=sentinel_options, **options)  # type: ignore[no-untyped-call]
    master: Redis = sentinels.master_for(address.master, retry=once)
    return master


async def mget(client: Client, names: Sequence[bytes]) -> list[bytes | None]:
    """Values of all names; from a cluster with one MGET for each of its slots."""
    command = client.mget_nonatomic if isinstance(client, RedisCluster) else client.mget
    values: list[Any] = await command(names)
    return values
