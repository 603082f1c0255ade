"""The commands of docs/deployment.md, as they stand there, in its order."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.free_port import free_port
from tests.http.server import ROOT
from tests.oci.engine import Engine

PAGE = ROOT / "docs" / "deployment.md"
SERVICES = ("embed-service", "rerank-service")
_BLOCK = re.compile(r"^(?:<!-- (?P<marker>[^\n]+) -->\n)?```bash\n(?P<commands>.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCK_SECONDS = 300


def blocks() -> list[tuple[str, str]]:
    """Marker and commands of each block."""
    return [(match["marker"] or "", match["commands"]) for match in _BLOCK.finditer(PAGE.read_text())]


def test_every_block_is_run_or_says_why_not() -> None:
    markers = [marker for marker, _ in blocks()]
    assert all(marker == "run" or re.match(r"not run[^:]*: \w", marker) for marker in markers), markers
    assert markers.count("run") >= 6


@pytest.fixture
def shell(engine: Engine, images: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment in which `docker` is this machine's engine and `latest` are the tests' images, for a while."""
    latest = {name: engine.run("images", "-q", "--no-trunc", f"{name}:latest") for name in SERVICES}
    for name in SERVICES:
        if engine.run("ps", "-aq", "--filter", f"name=^{name}$"):
            pytest.fail(f"a container {name} exists here: the page's commands would meet it")
        engine.run("tag", images[name], f"{name}:latest")
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "docker").write_text(f'#!/bin/sh\nexec {engine.program} "$@"\n')
    (commands / "docker").chmod(0o755)
    yield os.environ | {"PATH": f"{commands}:{os.environ['PATH']}"}
    engine.run("rm", "-f", *SERVICES, check=False)
    engine.run("network", "rm", "-f", "duobento-internal", check=False)
    for name, image in latest.items():
        if image:
            engine.run("tag", image, f"{name}:latest")
        else:
            engine.run("rmi", f"{name}:latest", check=False)


def test_the_commands_of_the_page_work(shell: dict[str, str], tmp_path: Path) -> None:
    ports = {"5555": str(free_port()), "5556": str(free_port())}
    for marker, commands in blocks():
        if marker != "run":
            continue
        adapted = _adapted(commands, ports)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", adapted],
            cwd=tmp_path,
            env=shell,
            capture_output=True,
            text=True,
            check=False,
            timeout=_BLOCK_SECONDS,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        if "/embed " in commands:
            assert '"status":"ok"' in done.stdout
            assert '{"embedding":[' in done.stdout
            assert '"results":[{"index":0' in done.stdout


def _adapted(commands: str, ports: dict[str, str]) -> str:
    """The commands on free ports of this machine, and on its processors: docker refuses more."""
    for inside, outside in ports.items():
        commands = re.sub(rf"(?<!{inside}:){inside}", outside, commands)
    return re.sub(r"--cpus (\d+)", lambda match: f"--cpus {min(int(match[1]), os.cpu_count() or 1)}", commands)
