"""Gateways in front of services that are gone, and of one that never answers."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.gateway.nginx import CLOSED_PORT, Gateway
from tests.http.services import Service

BODY_BYTES = 4096
"""Most bytes of a body at the strict gateway."""


@pytest.fixture(scope="session")
def without_embed(rerank: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("without-embed"), CLOSED_PORT, rerank.server.address) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A low limit for bodies, one second of patience, and services that take connections and never answer."""
    settings = {"MAX_BODY_BYTES": str(BODY_BYTES), "GATEWAY_TIMEOUT_SECONDS": "1"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with Gateway(tmp_path_factory.mktemp("strict"), address, address, settings=settings) as gateway:
            yield gateway


@contextmanager
def unreachable() -> Iterator[str]:
    """Address where connecting gets no answer, as on a machine that is gone: its queue of connections is full."""
    with ExitStack() as opened:
        full = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield f"127.0.0.1:{full.getsockname()[1]}"
