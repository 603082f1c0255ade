"""A peer's server as a group of processes: started, weighed, stopped."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks.peers.peer import Launch, Peer
from benchmarks.served import ROOT
from scripts.free_port import free_port
from scripts.readiness import answers, wait_until

_START_SECONDS = 600
_STOP_SECONDS = 20
_MIB = 2**20


class StartFailed(RuntimeError):
    """A server did not become ready; the message is the last line of its log."""


class Server:
    """A running server; `running` makes it."""

    def __init__(self, process: psutil.Popen, url: str) -> None:
        self._process = process
        self.url = url

    def memory_mib(self) -> float:
        """Resident memory of all its processes; what they share among themselves is counted once."""
        files: dict[str, int] = {}
        total = 0
        for process in self._processes():
            for mapping in process.memory_maps(grouped=True):
                if mapping.path.startswith("["):
                    total += mapping.pss
                else:
                    files[mapping.path] = max(files.get(mapping.path, 0), mapping.rss)
        return (total + sum(files.values())) / _MIB

    def wait_until_ready(self, path: str, log: Path) -> None:
        """Wait for a path to answer 200.

        Raises:
            StartFailed: it ended, or took too long.
        """

        def ready() -> bool:
            if self._process.poll() is not None:
                raise StartFailed(_last_line(log))
            return answers(self.url + path)

        try:
            wait_until(ready, "it is ready", _START_SECONDS)
        except TimeoutError as error:
            raise StartFailed(f"{error}: {_last_line(log)}") from None

    def stop(self) -> None:
        """End all its processes, by force if they do not go."""
        processes = self._processes()
        if self._process.poll() is None:
            self._process.terminate()
        _, alive = psutil.wait_procs(processes, timeout=_STOP_SECONDS)
        for process in alive:
            process.kill()
        psutil.wait_procs(alive, timeout=_STOP_SECONDS)

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


@contextmanager
def running(peer: Peer, launch: Launch, log: Path) -> Iterator[Server]:
    """Start a server on a free port, wait until it is ready, and stop it in the end.

    Args:
        peer: what to start.
        launch: its port is replaced.
        log: gets what the server prints.

    Raises:
        StartFailed: it ended, or took too long.
    """
    launch = replace(launch, port=free_port())
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = psutil.Popen(
            peer.command(launch),
            cwd=ROOT,
            env={**os.environ, **variables(peer, launch)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, f"http://127.0.0.1:{launch.port}")
    try:
        server.wait_until_ready(peer.ready, log)
        yield server
    finally:
        server.stop()


def variables(peer: Peer, launch: Launch) -> dict[str, str]:
    """What a server's environment has besides that of this process."""
    threads = str(max(1, launch.threads // peer.processes))
    return {
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads),
        **{"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1", "BENTOML_DO_NOT_TRACK": "True"},
        **peer.variables(launch),
    }


def _last_line(log: Path) -> str:
    # A failed start ends with the sentence that says why; servers add lines about their shutdown.
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line]
    return (errors or lines or ["it ended without a word"])[-1]
