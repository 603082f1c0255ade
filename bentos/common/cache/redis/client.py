"""A client of the Redis that a URL names: one server, a cluster, or what sentinels watch over."""

from collections.abc import Sequence
from functools import partial
from types import NoneType
from typing import Any, TypeAlias

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import InvalidResponse

from bentos.common.cache.redis.parser import BoundedParser, ReplyLimits
from bentos.common.redis_url import RedisURL

Client: TypeAlias = "Redis | RedisCluster"
_PATIENCE_SECONDS = 1.0
_KEYS = 2048
"""Of one MGET: all rows of a request within the default limits, and a bound of what a reply may be."""
_READ_BYTES = 128 * 1024
_TYPES = {bytes, NoneType}


def connect(url: str, patience_seconds: float = _PATIENCE_SECONDS, *, value_bytes: int = 0) -> Client:
    """Make a client. It connects when it is first used, and tries everything once: who calls it knows better.

    Args:
        url: in one of the forms of `RedisURL`.
        patience_seconds: how long a connection may take to be made, and an answer to come.
        value_bytes: size of the largest value that `mget` is to read. An answer with a larger one is refused.

    Raises:
        ValueError: the URL is in none of the forms.
    """
    address = RedisURL.parse(url)
    timeouts: dict[str, Any] = {"socket_timeout": patience_seconds, "socket_connect_timeout": patience_seconds}
    once = Retry(NoBackoff(), 0)
    reading: dict[str, Any] = {
        "parser_class": partial(BoundedParser, limits=ReplyLimits.of_values(_KEYS, value_bytes)),
        "socket_read_size": _READ_BYTES,
    }
    if address.topology == "server":
        return Redis.from_url(url, **timeouts, **reading, retry=once)
    options: dict[str, Any] = {**timeouts, "ssl": address.tls, **address.options}
    if address.topology == "cluster":
        nodes = [ClusterNode(host, port) for host, port in address.nodes]
        cluster = RedisCluster(startup_nodes=nodes, require_full_coverage=False, retry=once, **options)
        # Its own arguments have no place for a parser.
        cluster.connection_kwargs.update(reading)
        for node in cluster.nodes_manager.startup_nodes.values():
            node.connection_kwargs.update(reading)
        return cluster
    sentinel_options = {name: value for name, value in options.items() if name.startswith(("socket_", "ssl"))}
    sentinel_options["retry"] = once
    sentinels = Sentinel(list(address.nodes), sentinel_kwargs=sentinel_options, **options)  # type: ignore[no-untyped-call]
    for sentinel in sentinels.sentinels:
        sentinel.connection_pool.connection_kwargs.update(reading)
    master: Redis = sentinels.master_for(address.master, **reading, retry=once)
    return master


async def mget(client: Client, names: Sequence[bytes]) -> list[bytes | None]:
    """Values of all names; from a cluster with one MGET for each of its slots.

    Raises:
        InvalidResponse: what answers is no Redis.
    """
    command = client.mget_nonatomic if isinstance(client, RedisCluster) else client.mget
    values: list[bytes | None] = []
    for start in range(0, len(names), _KEYS):
        asked = names[start : start + _KEYS]
        answer: Any = await command(asked)
        if not isinstance(answer, list) or len(answer) != len(asked) or not {*map(type, answer)} <= _TYPES:
            raise InvalidResponse(f"an answer to MGET that is no list of {len(asked)} values")
        values += answer
    return values
