"""URLs that name a Redis: those that redis-py knows, and clusters and sentinels besides."""

from dataclasses import dataclass, field
from typing import Any, Literal, Self
from urllib.parse import SplitResult, urlsplit, urlunsplit

_FORMS = (
    "redis://user:password@host:6379/0, rediss:// for TLS, unix:///path, redis+cluster://host:6379,host:6379, "
    "redis+sentinel://host:26379,host:26379/master/0, rediss+cluster:// and rediss+sentinel://"
)
_PORTS = {"cluster": 6379, "sentinel": 26379}


@dataclass(frozen=True, slots=True)
class RedisURL:
    """A URL, taken apart.

    Attributes:
        topology: what the URL names.
        url: of one server, as redis-py takes it.
        nodes: (host, port) of some nodes of the cluster, or of the sentinels; none for one server.
        master: name under which the sentinels know the server.
        options: arguments of redis-py's client for a cluster or a master, such as `password`.
        tls: whether connections to them are encrypted.
    """

    topology: Literal["server", "cluster", "sentinel"]
    url: str = field(repr=False)
    nodes: tuple[tuple[str, int], ...] = ()
    master: str = ""
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    tls: bool = False

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take a URL apart.

        Raises:
            ValueError: with a sentence that lists the forms; it does not repeat the URL, which may hold a password.
        """
        try:
            return cls._parse(url)
        except ValueError as error:
            raise ValueError(f"Not the URL of a Redis ({error}). Write {_FORMS}.") from None

    @classmethod
    def _parse(cls, url: str) -> Self:
        from redis.asyncio.connection import parse_url  # takes long to import; without Redis nobody needs it

        parts = urlsplit(url)
        scheme, _, topology = parts.scheme.partition("+")
        if not topology:
            _port(parts)
            parse_url(url)
            return cls("server", url)
        if topology not in _PORTS or scheme == "unix":
            raise ValueError(f"unknown scheme {parts.scheme}")
        credentials, _, hosts = parts.netloc.rpartition("@")
        nodes = tuple(_node(host, _PORTS[topology]) for host in hosts.split(","))
        master, _, database = parts.path.removeprefix("/").partition("/") if topology == "sentinel" else ("", "", "")
        if topology == "sentinel" and not master:
            raise ValueError("the master's name is missing")
        one = urlunsplit((scheme, f"{credentials}@" if credentials else "", f"/{database}", parts.query, ""))
        options = dict(parse_url(one))
        options.pop("connection_class", None)
        return cls("cluster" if topology == "cluster" else "sentinel", url, nodes, master, options, scheme == "rediss")


def _node(host: str, default_port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{host}")
    if not parts.hostname:
        raise ValueError("a host is missing")
    return parts.hostname, _port(parts) or default_port


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:  # whose text would repeat what stands there
        raise ValueError("the port is no number; a / in a password is written %2F") from None
