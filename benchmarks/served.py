"""A service of this repository, started for a measurement and stopped after it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).parents[1]
SERVICES = {"embed": "bentos.embed.service:EmbedService", "rerank": "bentos.rerank.service:RerankService"}
_START_SECONDS = 180


@dataclass(frozen=True)
class Served:
    """A running service."""

    url: str
    process: psutil.Process

    def resident_bytes(self) -> int:
        """Of its largest process, the one that holds the model."""
        return max(process.memory_info().rss for process in self._processes())

    def cpu_seconds(self) -> float:
        """Processor time that it has used so far."""
        return float(sum(sum(process.cpu_times()[:2]) for process in self._processes()))

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def served(name: str, environment: Mapping[str, str], checkout: Path = ROOT) -> Iterator[Served]:
    """Run a service on a free port; gives it once it is ready.

    Args:
        name: `embed` or `rerank`.
        environment: settings, besides those of this process. Without `CACHE_URL` there is no cache, so that the
            service computes what it is sent.
        checkout: of this repository, whose service is run.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "bentoml", "serve", SERVICES[name], "--host", "127.0.0.1", "--port", str(port)],
        cwd=checkout,
        env={**os.environ, "CACHE_URL": "none", **environment},
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, process)
        yield Served(url, psutil.Process(process.pid))
    finally:
        process.terminate()
        process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("The service ended while starting; run it by hand to see why.")
        try:
            if httpx.get(f"{url}/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"The service was not ready within {_START_SECONDS} seconds.")


def metric(url: str, name: str) -> float:
    """Current value of an unlabelled series."""
    for line in httpx.get(f"{url}/metrics").text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise KeyError(name)
