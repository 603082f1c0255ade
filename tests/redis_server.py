"""A Redis of a test's own: a real `redis-server`, which can be stopped in every way there is."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from scripts.free_port import free_port
from tests import programs
from tests.http.server import wait_for

needs_redis = pytest.mark.skipif(programs.find("redis-server") is None, reason=programs.missing("redis-server"))


class RedisServer:
    """A server on a free port, empty at first and without a disk. As a context manager it runs during the block.

    Args:
        folder: working folder of the process.
        options: of its configuration, such as `("--maxmemory", "2mb")`.
        file: of its configuration, besides.
    """

    def __init__(self, folder: Path, *options: str, file: Path | None = None) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(host="127.0.0.1", port=self.port, retry=Retry(NoBackoff(), 0))
        self._folder = folder
        self._options = options
        self._file = [] if file is None else [str(file)]
        self._process: subprocess.Popen[bytes] | None = None
        self._hangs = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.client.close()

    def start(self) -> None:
        """Start it, also again after `kill`; it is empty then."""
        self._process = subprocess.Popen(
            [
                programs.require("redis-server"),
                *self._file,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                *self._options,
            ],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._answers, "redis-server answers")

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._signal(signal.SIGKILL)
        if self._process:
            self._process.wait()
        self._hangs = False

    def hang(self) -> None:
        """Let it accept connections, and answer nothing."""
        self._signal(signal.SIGSTOP)
        self._hangs = True

    def resume(self) -> None:
        """Let it go on after `hang`."""
        self._signal(signal.SIGCONT)
        self._hangs = False

    @property
    def usable(self) -> bool:
        """Whether it neither hangs nor has ended."""
        return self._process is not None and self._process.poll() is None and not self._hangs

    def statistic(self, section: str, name: str) -> Any:
        """One figure of `INFO`."""
        return self.client.info(section).get(name)

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "redis-server ended while starting"
        try:
            return bool(self.client.ping())
        except redis.AuthenticationError:
            return True
        except redis.ConnectionError:
            return False
