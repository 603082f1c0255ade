"""A load generator that costs little: on small machines it shares the processors with what it measures."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import orjson
import uvloop

_BUFFER_BYTES = 2**24
"""Large enough for any answer: reading in pieces would cost the generator more than the service."""


@dataclass(frozen=True)
class Load:
    """What one load run saw.

    Attributes:
        seconds: from the first request to the last answer.
        latencies: seconds of each request.
        statuses: HTTP status of each request.
    """

    seconds: float
    latencies: list[float]
    statuses: list[int]

    def percentile(self, percent: float) -> float:
        """Latency in milliseconds."""
        return float(np.percentile(self.latencies, percent)) * 1000


def requests_of(url: str, bodies: Iterable[dict[str, Any]], headers: Mapping[str, str] | None = None) -> list[bytes]:
    """Whole HTTP/1.1 requests, ready to be written to a connection."""
    parts = urlsplit(url)
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    requests = []
    for body in bodies:
        payload = orjson.dumps(body)
        head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
            f"{more}Content-Length: {len(payload)}\r\n\r\n"
        )
        requests.append(head.encode() + payload)
    return requests


async def closed_loop(url: str, requests: Sequence[bytes], clients: int) -> Load:
    """Send all requests from `clients` connections, each sending its next one when the last is answered."""
    parts = urlsplit(url)
    waiting = list(reversed(requests))
    latencies: list[float] = []
    statuses: list[int] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=_BUFFER_BYTES)
        while waiting:
            started = time.perf_counter()
            writer.write(waiting.pop())
            head = await reader.readuntil(b"\r\n\r\n")
            fields = head.lower()
            length = int(fields.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            latencies.append(time.perf_counter() - started)
            statuses.append(int(head[9:12]))
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Load(time.perf_counter() - started, latencies, statuses)


def answered_load(
    url: str,
    bodies: Iterable[dict[str, Any]],
    clients: int = 1,
    *,
    path: str = "/embed",
    headers: Mapping[str, str] | None = None,
) -> Load:
    """Send all bodies to a path of a service, each of which it has to answer.

    Args:
        url: of the service.
        clients: that send one request after another.

    Raises:
        RuntimeError: a request was refused.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        load = runner.run(closed_loop(url, requests_of(url + path, bodies, headers), clients))
    if set(load.statuses) != {200}:
        raise RuntimeError(f"{path} refused requests: {sorted(set(load.statuses))}")
    return load
