import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import psutil
import pytest
from typer.testing import CliRunner

from scripts.command import ExitCode, UnreachableError, UsageError
from scripts.free_port import free_port
from scripts.serve.cli import app
from scripts.serve.services import ServiceCommand, embed_service, rerank_service
from scripts.serve.supervisor import run

HOST = "127.0.0.1"
DEADLINE_SECONDS = 30

# A service that is up in milliseconds and can be crashed: what is tested here is the supervision of processes.
ALWAYS_READY = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready)
print("listening", flush=True)
server.serve_forever()
"""


class Screen:
    """What the user sees, and a way to wait for a line of it."""

    def __init__(self) -> None:
        self.text = ""
        self._changed = asyncio.Event()

    def write(self, line: str) -> None:
        self.text += line + "\n"
        self._changed.set()

    async def shows(self, *parts: str) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not all(part in self.text for part in parts):
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def service() -> Callable[..., ServiceCommand]:
    def make(label: str, code: str = ALWAYS_READY) -> ServiceCommand:
        port = free_port()
        command = (sys.executable, "-c", code, str(port))
        return ServiceCommand(f"{label}-service", label, command, HOST, port, f"/{label}", {"text": "hello"})

    return make


@asynccontextmanager
async def running(screen: Screen, *services: ServiceCommand) -> AsyncIterator[None]:
    work = asyncio.create_task(run(services, ready_seconds=DEADLINE_SECONDS, grace_seconds=5, write=screen.write))
    try:
        yield
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await work


@pytest.fixture
def left_behind() -> Callable[[], list[psutil.Process]]:
    """Processes that the test has started and that still run; other tests' servers run beside it."""
    before = psutil.Process().children()
    return lambda: [child for child in psutil.Process().children() if child not in before]


def pid_of(service: ServiceCommand) -> int:
    [pid] = [child.pid for child in psutil.Process().children() if str(service.port) in command_of(child)]
    return pid


def command_of(process: psutil.Process) -> list[str]:
    """Nothing if it has ended: services of other tests may just be stopping."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def test_services_run_until_a_signal_and_leave_nothing_behind(
    service: Callable[..., ServiceCommand], left_behind: Callable[[], list[psutil.Process]]
) -> None:
    async def scenario() -> None:
        screen = Screen()
        embed, rerank = service("embed"), service("rerank")
        async with running(screen, embed, rerank):
            await screen.shows("embed  | listening", "rerank | listening", embed.curl, rerank.curl)
        assert "Stopping both services." in screen.text
        assert left_behind() == []

    asyncio.run(scenario())


def test_a_crash_of_one_leaves_the_other_alone_and_is_repaired(service: Callable[..., ServiceCommand]) -> None:
    async def scenario() -> None:
        screen = Screen()
        embed, rerank = service("embed"), service("rerank")
        async with running(screen, embed, rerank):
            await screen.shows("Ready.")
            crashed, untouched = pid_of(rerank), pid_of(embed)
            os.kill(crashed, signal.SIGKILL)
            await screen.shows("rerank-service ended unexpectedly (exit code -9)", "rerank-service is ready again.")
            assert pid_of(embed) == untouched
            assert pid_of(rerank) != crashed

    asyncio.run(scenario())


def test_a_service_that_ends_while_starting_is_reported_with_its_last_lines(
    service: Callable[..., ServiceCommand], left_behind: Callable[[], list[psutil.Process]]
) -> None:
    embed, rerank = service("embed"), service("rerank", "raise SystemExit('no such model')")
    with pytest.raises(
        UnreachableError, match=r"(?s)rerank-service ended while starting \(exit code 1\).*no such model"
    ):
        asyncio.run(run([embed, rerank], ready_seconds=DEADLINE_SECONDS, grace_seconds=5, write=Screen().write))
    assert left_behind() == []


def test_a_service_that_is_never_ready_is_named(service: Callable[..., ServiceCommand]) -> None:
    silent = service("embed", "import signal; signal.pause()")
    with pytest.raises(UnreachableError, match=r"embed-service was not ready after 0\.5 seconds"):
        asyncio.run(run([silent], ready_seconds=0.5, grace_seconds=5, write=Screen().write))


def test_a_service_that_ignores_the_signal_is_killed(
    service: Callable[..., ServiceCommand], left_behind: Callable[[], list[psutil.Process]]
) -> None:
    deaf = service("embed", f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{ALWAYS_READY}")

    async def scenario() -> None:
        screen = Screen()
        async with asyncio.timeout(DEADLINE_SECONDS):
            work = asyncio.create_task(run([deaf], ready_seconds=10, grace_seconds=0.1, write=screen.write))
            await screen.shows("Ready.")
            os.kill(os.getpid(), signal.SIGINT)
            await work
        assert "did not stop within 0.1 seconds and is killed" in screen.text

    asyncio.run(scenario())
    assert left_behind() == []


def test_a_taken_port_is_named_before_anything_starts(service: Callable[..., ServiceCommand]) -> None:
    rerank = service("rerank")
    with socket.socket() as other:
        other.bind((HOST, rerank.port))
        other.listen()
        with pytest.raises(UsageError, match=rf"{HOST}:{rerank.port} .* choose another with --rerank-port"):
            asyncio.run(run([rerank], ready_seconds=1, grace_seconds=1, write=Screen().write))


def test_an_unknown_host_is_named() -> None:
    service = embed_service("some/encoder", "heron.invalid", 5555, 30)
    with pytest.raises(UsageError, match=r"^The host 'heron\.invalid' of embed-service is unknown .*: change --host"):
        service.check_port_free()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--embed-port", "70000"], "'--embed-port': Input should be less than or equal to 65535"),
        (["--rerank-port", "0"], "'--rerank-port': Input should be greater than or equal to 1"),
        (["--embed-port", "6598", "--rerank-port", "6598"], "Both services cannot listen on port 6598"),
        (["--grace-seconds", "30"], "it must be more than that, 30."),
        (["--models", ""], "'' is not a preset that can be served"),
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_is_installed(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == ExitCode.WRONG_USE
    assert said in " ".join(result.stderr.split())


def test_commands_of_the_real_services() -> None:
    embed = embed_service("some/encoder", "0.0.0.0", 5555, 30)
    assert embed.command[1:5] == ("-m", "bentoml", "serve", "bentos.embed.service:EmbedService")
    assert embed.env == {"EMBED_MODEL": "some/encoder"}
    assert embed.curl.startswith("curl -s http://127.0.0.1:5555/embed -H 'Content-Type: application/json' -d '{")
    assert rerank_service("some/cross-encoder", "::", 5556, 30).url == "http://[::1]:5556"


@pytest.mark.parametrize(
    ("precision", "form"), [("none", {"RERANK_BACKEND": "torch"}), ("fp32", {"RERANK_PRECISION": "fp32"})]
)
def test_a_precision_that_was_asked_for_is_the_one_that_is_served(precision: str, form: dict[str, str]) -> None:
    service = rerank_service("some/cross-encoder", HOST, 5556, 30, precision)
    assert service.env == {"RERANK_MODEL": "some/cross-encoder", **form}
