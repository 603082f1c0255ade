"""The two services as the tests see them: where requests go and what a valid one looks like."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from tests.http.server import ROOT, LeavingClient, Server

JSON = {"Content-Type": "application/json"}
QUICK_STOP = {"DRAIN_DELAY_SECONDS": "0"}
"""Setting of services that need not wait for a load balancer."""
NO_CACHE = {"CACHE_URL": "none"}
"""Setting of services that compute every text, also one that an earlier test has sent."""


def long_texts(count: int) -> list[str]:
    """Texts that fill the small models' window, all different."""
    return [f"{number} " + "the heron waits in the shallow water " * 40 for number in range(count)]


@dataclass(frozen=True)
class Kind:
    """What one of the two services is called and takes.

    Attributes:
        name: as `/health` reports it.
        target: for `bentoml serve`.
        prefix: of its settings.
        path: its native route.
        items: field of a request that is a list of texts.
        fixed: fields that a valid request needs besides.
        most_items: default limit of the list.
        model: small model that serves it in tests.
    """

    name: str
    target: str
    prefix: str
    path: str
    items: str
    fixed: Mapping[str, str]
    most_items: int
    model: str

    @property
    def serving(self) -> dict[str, str]:
        """Settings that name the small model, on one thread: several wait for each other where a machine is busy.

        However slow that makes it, no request is refused for the time that it would wait.
        """
        return {
            f"{self.prefix}MODEL": self.model,
            f"{self.prefix}THREADS": "1",
            f"{self.prefix}MAX_INTERACTIVE_WAIT_SECONDS": "3600",
            "REQUEST_TIMEOUT_SECONDS": "3600",
            **NO_CACHE,
        }

    @property
    def lean(self) -> dict[str, str]:
        """The same without the reserved stream, whose copy of the model takes a good part of a start.

        For services of which nobody asks whether a short request overtakes long ones.
        """
        return {**self.serving, f"{self.prefix}RESERVED_STREAM": "false"}

    def body(self, *texts: str, **fields: object) -> dict[str, Any]:
        """A request with these texts."""
        return {**self.fixed, self.items: list(texts), **fields}


EMBED = Kind(
    name="embed-service",
    target="bentos.embed.service:EmbedService",
    prefix="EMBED_",
    path="/embed",
    items="texts",
    fixed={},
    most_items=2048,
    model="sentence-transformers/all-MiniLM-L6-v2",
)
RERANK = Kind(
    name="rerank-service",
    target="bentos.rerank.service:RerankService",
    prefix="RERANK_",
    path="/rerank",
    items="documents",
    fixed={"query": "How does a heron hunt?"},
    most_items=1000,
    model="duobento/small-reranker-demo",
)


@dataclass(frozen=True)
class Service:
    """A running service.

    Attributes:
        early: its answers in the first moment, by path, before its model was loaded.
    """

    kind: Kind
    server: Server
    early: Mapping[str, httpx.Response]

    def post(self, *texts: str, **fields: object) -> httpx.Response:
        """Send a valid request with these texts, changed by `fields`."""
        return self.server.client.post(self.kind.path, json=self.kind.body(*texts, **fields))

    def post_with(self, headers: Mapping[str, str], *texts: str) -> httpx.Response:
        """Send a valid request with these texts and besides these headers."""
        return self.server.client.post(self.kind.path, json=self.kind.body(*texts), headers=headers)

    def post_body(self, content: bytes, headers: Mapping[str, str] = JSON) -> httpx.Response:
        """Send these bytes."""
        return self.server.client.post(self.kind.path, content=content, headers=headers)

    def busy(self, headers: Mapping[str, str] = MappingProxyType({}), texts: int = 400) -> LeavingClient:
        """A block during which one large request keeps the engine busy, for many seconds if need be."""
        body = self.kind.body(*long_texts(texts), priority="bulk")
        return LeavingClient(self.server, self.kind.path, body, headers)


@contextmanager
def running(
    kind: Kind, settings: dict[str, str], *, home: Path, log: Path, target: str | None = None, folder: Path = ROOT
) -> Iterator[Service]:
    """A block during which a service runs, ready from the start; `target` replaces its module."""
    with Server(target or kind.target, home=home, log=log, folder=folder, settings=settings) as server:
        server.wait_for_probe("/live")
        early = {path: server.client.get(path) for path in ("/live", "/ready", "/readyz", "/health", "/metrics")}
        early[kind.path] = server.client.post(kind.path, json=kind.body("heron"))
        server.wait_for_probe("/ready", 200)
        yield Service(kind, server, early)


def problem(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and param of a native error, whose shape is checked."""
    error = answer.json()["error"]
    assert error.keys() == {"code", "message", "param"}
    assert error["message"]
    assert answer.headers["X-Request-ID"]
    return answer.status_code, error["code"], error["param"]
