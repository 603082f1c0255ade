"""Containers as a user runs them: docker or podman on this machine, found by trying."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from typing import Any, Self

import httpx
import pytest

from tests.http.server import ANSWER_SECONDS, ROOT, START_SECONDS, wait_for
from tests.http.services import Kind

BASE = "docker.io/library/python:3.11-slim-bookworm"
HARDENED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
"""What the services need no more than."""
_COMMAND_SECONDS = 300


def engine_or_skip() -> str:
    """Name of an engine that can run a container."""
    for engine in (os.environ.get("ENGINE"), "podman", "docker"):
        if engine and shutil.which(engine) and _runs(engine):
            return engine
    pytest.skip(f"no container engine runs {BASE}: install podman or docker, and see that it reaches a registry")


def _runs(engine: str) -> bool:
    command = [engine, "run", "--rm", "--network", "none", BASE, "true"]
    return subprocess.run(command, capture_output=True, check=False, timeout=_COMMAND_SECONDS).returncode == 0


class Engine:
    """A container engine.

    Args:
        program: docker or podman.
    """

    def __init__(self, program: str) -> None:
        self.program = program

    def run(self, *arguments: str, check: bool = True) -> str:
        """Output of one command; with `check` it must succeed."""
        done = subprocess.run(
            [self.program, *arguments], capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS, cwd=ROOT
        )
        assert not check or done.returncode == 0, f"{self.program} {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    def inspect(self, what: str, name: str) -> dict[str, Any]:
        """What the engine knows about an image or container."""
        [known] = json.loads(self.run(what, "inspect", name))
        return dict(known)


class Container:
    """A running service. As a context manager it is gone after the block.

    Args:
        engine: that runs it.
        kind: of the service.
        image: of the service.
        options: for `run`.
        name: by which others on its network find it.
    """

    def __init__(
        self, engine: Engine, kind: Kind, image: str, options: Iterable[str] = HARDENED, *, name: str | None = None
    ) -> None:
        self.engine = engine
        self.kind = kind
        self.port = 5555 if kind.name == "embed-service" else 5556
        self.name = name or f"duobento-test-{kind.name}"
        self._command = ["run", "-d", "--name", self.name, *options, image]

    def __enter__(self) -> Self:
        self.engine.run("rm", "-f", self.name, check=False)
        self.engine.run(*self._command)
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.run("rm", "-f", "-t", "0", self.name, check=False)

    @property
    def log(self) -> str:
        """Everything that the service has written."""
        command = [self.engine.program, "logs", self.name]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.stdout

    @property
    def state(self) -> dict[str, Any]:
        """The container's state."""
        state: dict[str, Any] = self.engine.inspect("container", self.name)["State"]
        return state

    @property
    def url(self) -> str:
        """Where this machine reaches the published port."""
        return f"http://{self.engine.run('port', self.name, str(self.port)).splitlines()[0]}"

    def python(self, code: str) -> str:
        """Output of a line of Python inside the container."""
        return self.engine.run("exec", self.name, "python", "-c", code)

    def status_inside(self, path: str) -> int:
        """Status of a GET inside the container, which may have no network; 0 while nothing answers."""
        code = (
            "import http.client as h; c = h.HTTPConnection('127.0.0.1', "
            f"{self.port}); c.request('GET', '{path}'); print(c.getresponse().status)"
        )
        return int(self.engine.run("exec", self.name, "python", "-c", code, check=False) or 0)

    def wait_until_ready(self) -> None:
        """Wait until `/ready` is 200."""
        wait_for(lambda: self.status_inside("/ready") == 200, f"{self.name} is ready:\n{self.log}", START_SECONDS)

    def post(self, *texts: str) -> httpx.Response:
        """Send a valid request by the published port."""
        return httpx.post(
            self.url + self.kind.path, json=self.kind.body(*texts), timeout=ANSWER_SECONDS, trust_env=False
        )
