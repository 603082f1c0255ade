"""Two replicas of embed-service behind the gateway, one of which is restarted while clients go on."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx

from scripts.free_port import free_port
from tests.gateway.nginx import CLOSED_PORT, Gateway
from tests.http.server import ANSWER_SECONDS, STOP_SECONDS, Server
from tests.http.services import EMBED

_COUNT = 2
_DRAINING = {"DRAIN_DELAY_SECONDS": "3"}
"""As in deploy/: longer than the gateway leaves a replica out."""


class Replicas:
    """Replicas of embed-service, each on a port that it keeps; told to stop after the block.

    Args:
        home: BENTOML_HOME with the model.
        logs: folder for their logs.
    """

    def __init__(self, home: Path, logs: Path) -> None:
        self._home, self._logs = home, logs
        self._ports = [free_port() for _ in range(_COUNT)]
        self._started = 0
        self._servers: list[Server] = []

    @property
    def addresses(self) -> list[str]:
        """Addresses of all replicas."""
        return [f"127.0.0.1:{port}" for port in self._ports]

    def __enter__(self) -> Self:
        self._servers = [self._start(port) for port in self._ports]
        for server in self._servers:
            server.wait_for_probe("/ready", 200)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.__exit__()

    def restart(self, number: int) -> None:
        """Stop a replica as a container runtime does, start it again once it has ended, and wait until it is ready."""
        stopped = self._servers[number]
        stopped.send_sigterm()
        assert stopped.process.wait(STOP_SECONDS) == 0, stopped.log
        stopped.client.close()
        self._servers[number] = self._start(self._ports[number])
        self._servers[number].wait_for_probe("/ready", 200)

    def _start(self, port: int) -> Server:
        self._started += 1
        log = self._logs / f"replica-{self._started}.log"
        return Server(EMBED.target, home=self._home, log=log, settings=EMBED.lean | _DRAINING, port=port)


@contextmanager
def replicas_behind_gateway(folder: Path, home: Path) -> Iterator[tuple[Replicas, Gateway]]:
    """Replicas and their gateway, which `folder` has the logs and configuration of."""
    with Replicas(home, folder) as replicas, Gateway(folder, replicas.addresses, CLOSED_PORT) as gateway:
        yield replicas, gateway


@contextmanager
def steady_clients(url: str, count: int) -> Iterator[Counter[str]]:
    """Clients that send one small request after another, and each again once if its connection fails.

    Yields:
        How many requests ended with which status or error; complete after the block.
    """
    stop = threading.Event()
    seen: Counter[str] = Counter()
    clients = [threading.Thread(target=_send_until, args=(stop, url, seen)) for _ in range(count)]
    for client in clients:
        client.start()
    try:
        yield seen
    finally:
        stop.set()
        for client in clients:
            client.join()


def _send_until(stop: threading.Event, url: str, seen: Counter[str]) -> None:
    content = json.dumps(EMBED.body("How does a heron hunt?")).encode()
    headers = {"Content-Type": "application/json"}
    with httpx.Client(base_url=url, timeout=ANSWER_SECONDS, trust_env=False) as client:
        while not stop.is_set():
            request = client.build_request("POST", EMBED.path, content=content, headers=headers)
            try:
                try:
                    answer = client.send(request)
                except httpx.TransportError:
                    seen["sent again"] += 1
                    answer = client.send(request)
            except httpx.TransportError as error:
                seen[repr(error)] += 1
                continue
            seen[str(answer.status_code) if answer.is_success else f"{answer.status_code} {answer.text}"] += 1
