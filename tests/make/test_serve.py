"""`make serve` in a clone: what the README says next works, and so do the tools and examples, as they are."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scripts.bench.targets import GUIDE
from scripts.free_port import free_port
from tests import programs
from tests.docs.console import Command, commands
from tests.gateway.nginx import Gateway
from tests.http.server import ANSWER_SECONDS, ROOT, wait_for
from tests.make.conftest import READY, Serving
from tests.make.repository import Repository

pytestmark = pytest.mark.make

EXAMPLES = sorted(file.name for file in (ROOT / "examples" / "python").glob("*.py"))
FEW = "--iterations 3 --warm-up 1 --batch-size 4 --documents 5"
PATIENT = " ".join(f"--target {target.name}=60000/60000" for target in GUIDE)


@pytest.fixture(scope="module")
def gateway(serving: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(
        tmp_path_factory.mktemp("gateway"), *(f"127.0.0.1:{port}" for port in serving.ports.values())
    ) as gateway:
        yield gateway


@pytest.mark.parametrize("command", commands(ROOT / "README.md"), ids=lambda command: command.line.split()[2])
def test_the_commands_of_the_readme_answer(serving: Serving, command: Command) -> None:
    programs.require("curl")
    found = subprocess.run(["sh", "-c", command.on(serving.ports)], capture_output=True, text=True, check=True).stdout
    assert found.partition(":")[0] == command.output.partition(":")[0]


def test_the_log_offers_commands_that_work(serving: Serving) -> None:
    programs.require("curl")
    offered = [line.strip() for line in serving.log.read_text().splitlines() if line.startswith("  curl")]
    assert len(offered) == 2
    for command in offered:
        assert "model" in json.loads(subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout)


def test_make_serve_shows_what_the_readme_says(serving: Serving) -> None:
    """But for times."""
    [shown] = re.findall(r"^\$ make serve\n…\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    log = _without_times(serving.log.read_text())
    assert [line for line in _without_times(shown).splitlines() if line not in log] == []


def test_doctor_finds_no_failure(repository: Repository, serving: Serving) -> None:
    assert ", 0 failure" in repository.make("doctor", variables=serving.urls)


def test_bench_gives_its_verdict(repository: Repository, serving: Serving) -> None:
    assert "Fast enough" in repository.make("bench", f"ARGS={FEW} {PATIENT}", variables=serving.urls)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_as_it_is(repository: Repository, serving: Serving, gateway: Gateway, example: str) -> None:
    done = subprocess.run(
        [sys.executable, example],
        cwd=repository.folder / "examples" / "python",
        env=repository.variables(serving.urls | {"CO_API_URL": gateway.url}),
        timeout=ANSWER_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "spears fish" in done.stdout


def test_ctrl_c_stops_both(repository: Repository, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    log = tmp_path / "log"
    options = f"ARGS=--embed-port {ports[0]} --rerank-port {ports[1]}"
    with repository.started(repository.command("serve", options), log, READY):
        pass
    assert "Stopping both services." in log.read_text()
    for port in ports:
        with socket.create_server(("127.0.0.1", port)):
            """It is free again."""


def test_a_service_by_hand(repository: Repository, tmp_path: Path) -> None:
    [command] = re.findall(r"`(EMBED_MODEL=\S+ bentoml serve [^`]+)`", (ROOT / "docs" / "README.md").read_text())
    port, log = free_port(), tmp_path / "log"
    command = re.sub(r"(?<=-p )5555", str(port), command)
    url = f"http://127.0.0.1:{port}"
    with repository.started(["sh", "-c", f"exec env {command}"], log, "Embedding model loaded in"):
        wait_for(lambda: httpx.get(f"{url}/ready", trust_env=False).status_code == 200, "the service is ready")
        answer = httpx.post(f"{url}/embed", json={"text": "heron"}, trust_env=False)
        assert answer.json()["dimension"] == 384


def test_a_taken_port_is_named_in_one_line(repository: Repository) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        shown = repository.make("serve", f"ARGS=--embed-port {port} --rerank-port {free_port()}", code=2)
    [line] = [line for line in shown.splitlines() if line.startswith("Error:")]
    assert f"embed-service cannot listen on 127.0.0.1:{port}" in line
    assert "Traceback" not in shown


def _without_times(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d \S+|\d+ms|(?<=openvino )\w+", "", text)
