"""A service of this repository, started for a measurement and stopped after it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

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
        """Resident bytes of the process that holds the model."""
        return int(self._worker().memory_info().rss)

    def event_loop_seconds(self) -> float:
        """Processor time that the event loop has used so far, in that process; in steps of a hundredth."""
        worker = self._worker()
        return next(float(one.user_time + one.system_time) for one in worker.threads() if one.id == worker.pid)

    def cpu_seconds(self) -> float:
        """Processor time that it has used so far."""
        return float(sum(sum(process.cpu_times()[:2]) for process in self._processes()))

    def _worker(self) -> psutil.Process:
        return max(self._processes(), key=lambda process: process.memory_info().rss)

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

    Raises:
        SystemExit: it ended while starting; with its log.
    """
    port = free_port()
    with NamedTemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bentoml", "serve", SERVICES[name], "--host", "127.0.0.1", "--port", str(port)],
            cwd=checkout,
            env={**os.environ, "CACHE_URL": "none", **environment},
            stdout=log,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_until_ready(url, process, Path(log.name))
            yield Served(url, psutil.Process(process.pid))
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def ready() -> bool:
        if process.poll() is not None:
            raise SystemExit(f"The service ended while starting:\n{log.read_text()}")
        return answers(f"{url}/ready")

    wait_until(ready, f"{url} is ready", _START_SECONDS)


def metric(url: str, name: str) -> float:
    """Current value of an unlabelled series."""
    for line in httpx.get(f"{url}/metrics").text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise KeyError(name)
