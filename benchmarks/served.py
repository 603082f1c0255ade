"""A service of this repository, started for a measurement and stopped after it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from scripts.free_port import free_port
from scripts.readiness import answers, wait_until

ROOT = Path(__file__).parents[1]
SERVICES = {"embed": "bentos.embed.service:EmbedService", "rerank": "bentos.rerank.service:RerankService"}
_START_SECONDS = 180


@dataclass(frozen=True)
class Served:
    """A running service."""

    url: str
    process: psutil.Process

    def resident_bytes(self) -> int:
        """Resident bytes of its largest process, the one that holds the model."""
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
    port = free_port()
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
    def ready() -> bool:
        if process.poll() is not None:
            raise RuntimeError("The service ended while starting; run it by hand to see why.")
        return answers(f"{url}/ready")

    wait_until(ready, f"{url} is ready", _START_SECONDS)


def metric(url: str, name: str) -> float:
    """Current value of an unlabelled series."""
    for line in httpx.get(f"{url}/metrics").text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise KeyError(name)
