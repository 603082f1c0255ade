"""One service as a user runs it: `bentoml serve` in a process of its own, on a free port."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from scripts.free_port import free_port
from scripts.readiness import wait_until

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 60.0
ANSWER_SECONDS = 60.0
_OPTIONS = ("--host", "127.0.0.1", "--timeout-graceful-shutdown", "35")
_OWN_VARIABLES = (
    *("EMBED_", "RERANK_", "BENTOML_", "PYTHONPATH", "LOG_", "ACCESS_LOG", "CACHE_", "TRACES_", "OTEL_"),
    *("MAX_BODY_", "MAX_INFLIGHT_", "REQUEST_TIMEOUT_", "DRAIN_", "STUCK_AFTER_"),
    *("MAX_CONNECTIONS", "MAX_HEADER_", "HEADER_TIMEOUT_", "BODY_TIMEOUT_", "WRITE_TIMEOUT_", "IDLE_TIMEOUT_"),
)
_stopping = ExitStack()
"""Waits for the services that have been told to stop."""


def wait_for(condition: Callable[[], bool], what: str, seconds: float = ANSWER_SECONDS) -> None:
    """Poll until `condition` holds; fail with `what` in the message when it takes longer than `seconds`."""
    wait_until(condition, what, seconds)


def wait_for_stopped() -> None:
    """Wait until all services have ended whose blocks are over; fails if one of them has to be killed."""
    _stopping.close()


class Server:
    """A service that starts. As a context manager it is told to stop after the block; nobody waits until it is gone.

    Args:
        target: what `bentoml serve` serves: `module:Class`, or the tag of a bento.
        home: BENTOML_HOME.
        log: file that gets all output of the process.
        settings: environment variables of the service.
        folder: working folder of the process.
        port: of 127.0.0.1; None finds a free one.
    """

    def __init__(
        self,
        target: str,
        *,
        home: Path,
        log: Path,
        settings: dict[str, str],
        folder: Path = ROOT,
        port: int | None = None,
    ) -> None:
        self.port = port or free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        self.client = httpx.Client(base_url=self.url, timeout=ANSWER_SECONDS, trust_env=False)
        # Keeps no connection open, which the service could just be closing for idleness.
        self._probes = httpx.Client(
            base_url=self.url, timeout=ANSWER_SECONDS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
        self._log = log
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_VARIABLES)}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bentoml", "serve", target, *_OPTIONS, "--port", str(self.port)],
                cwd=folder,
                env=inherited
                | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "HF_HUB_OFFLINE": "1"}
                | settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._probes.close()
        # BentoML's workers run in sessions of their own and would outlive a parent that had to be killed.
        workers = _children(self.process.pid)
        self.send_sigterm()
        _stopping.callback(_wait_or_kill, self.process, workers)

    @property
    def log(self) -> str:
        """Everything that the process has written."""
        return self._log.read_text(errors="replace")

    def probe(self, path: str) -> httpx.Response | None:
        """Answer to a GET on a connection of its own; None while nothing listens on the port."""
        try:
            return self._probes.get(path)
        except httpx.ConnectError:
            return None

    def wait_for_probe(self, path: str, *statuses: int) -> None:
        """Wait until a probe answers, with one of these statuses if there are any."""

        def answers() -> bool:
            assert self.process.poll() is None, f"the service ended while starting:\n{self.log}"
            answer = self.probe(path)
            return answer is not None and (not statuses or answer.status_code in statuses)

        wait_for(answers, f"{path} answers", START_SECONDS)

    def metric(self, name: str, **labels: str) -> float:
        """Sum of the series of one metric that have these labels; fails if there is none."""
        families = text_string_to_metric_families(self._probes.get("/metrics").text)
        values = [
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]
        assert values, f"/metrics has no {name} {labels}"
        return sum(values)

    def send_sigterm(self) -> None:
        """Ask the service to stop, as a container runtime does."""
        self.process.send_signal(signal.SIGTERM)


class LeavingClient:
    """Sends a request on entry, waits until the service works on it, and hangs up on exit."""

    def __init__(self, server: Server, path: str, body: dict[str, Any], headers: Mapping[str, str]) -> None:
        self._server = server
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._message = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content

    def __enter__(self) -> Self:
        self._connection = socket.create_connection(("127.0.0.1", self._server.port), ANSWER_SECONDS)
        self._connection.sendall(self._message)
        wait_for(lambda: self._server.metric("duobento_queue_tokens") > 0, "the request is admitted")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        wait_for(lambda: self._server.metric("duobento_queue_tokens") == 0, "the request's work is dropped")


def _wait_or_kill(process: subprocess.Popen[bytes], workers: list[psutil.Process]) -> None:
    try:
        process.wait(STOP_SECONDS)
    finally:
        process.kill()
        for worker in workers:
            if worker.is_running():
                worker.kill()


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
