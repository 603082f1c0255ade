"""One service as a process of its own: start, relay its log, wait until it is ready, notice a crash, stop."""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable

import httpx
import psutil

from scripts.command import UnreachableError
from scripts.serve.services import ServiceCommand

POLL_SECONDS = 0.5
LAST_LINES = 15
MAX_LINE_BYTES = 2**20


class ManagedProcess:
    """Runs `service`; every line that it logs goes to `write` with the service's label in front."""

    def __init__(self, service: ServiceCommand, write: Callable[[str], None]) -> None:
        self.service = service
        self._write = write
        self._last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self._process: asyncio.subprocess.Process | None = None
        self._relay: asyncio.Task[None] | None = None
        self._workers: set[psutil.Process] = set()

    @property
    def running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the process in a session of its own, so that Ctrl-C reaches it only through `stop`."""
        self._last_lines.clear()
        self._process = await asyncio.create_subprocess_exec(
            *self.service.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | self.service.env,
            start_new_session=True,
            limit=MAX_LINE_BYTES,
        )
        assert self._process.stdout is not None
        self._relay = asyncio.create_task(self._relay_log(self._process.stdout))

    async def wait_ready(self, timeout_seconds: float) -> None:
        """Poll `/ready` until it answers 200.

        Raises:
            UnreachableError: the process ends first (with its last lines), or the time is over.
        """
        name = self.service.name
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            try:
                async with asyncio.timeout(timeout_seconds):
                    while not await self._answers_ready(client):
                        if not self.running:
                            code = await self._finish()
                            log = "\n".join(f"  {line}" for line in self._last_lines)
                            raise UnreachableError(
                                f"{name} ended while starting (exit code {code}). Its last lines:\n{log}"
                            )
                        self._remember_workers()
                        await asyncio.sleep(POLL_SECONDS)
            except TimeoutError:
                raise UnreachableError(
                    f"{name} was not ready after {timeout_seconds:g} seconds: "
                    f"see its log above and {self.service.url}/ready."
                ) from None
        self._remember_workers()

    async def crashed(self) -> str:
        """Wait for the end of the process or of one of its workers, and say which it was."""
        while self.running:
            if not all(worker.is_running() for worker in self._workers):
                return "lost its worker process, which BentoML starts again"
            await asyncio.sleep(POLL_SECONDS)
        return f"ended unexpectedly (exit code {await self._finish()})"

    async def stop(self, grace_seconds: float) -> None:
        """Send SIGTERM and wait; what is still there after `grace_seconds` is killed."""
        if not self.running:
            return
        assert self._process is not None
        self._remember_workers()
        self._process.terminate()
        try:
            async with asyncio.timeout(grace_seconds):
                await self._process.wait()
        except TimeoutError:
            self._write(f"{self.service.name} did not stop within {grace_seconds:g} seconds and is killed.")
            self.kill()
        await self._finish()

    def kill(self) -> None:
        """End the process and its workers at once."""
        if self.running:
            assert self._process is not None
            self._remember_workers()
            self._process.kill()
        self._kill_workers()

    async def _answers_ready(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self.service.url}/ready")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def _relay_log(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                raw = await stream.readline()
            except ValueError:  # a line over the limit is dropped; the pipe must not fill up
                continue
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip().rpartition("\r")[2]  # a progress bar's last state
            self._last_lines.append(line)
            self._write(f"{self.service.label:<6} | {line}")

    async def _finish(self) -> int:
        """Clean up after the process; asyncio counts it as ended only when its workers have closed the pipe as well."""
        assert self._process is not None
        assert self._relay is not None
        self._kill_workers()
        await self._relay
        return await self._process.wait()

    def _remember_workers(self) -> None:
        # BentoML's workers run in sessions of their own and would outlive a killed parent, holding the port.
        assert self._process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            found = psutil.Process(self._process.pid).children(recursive=True)
            self._workers = {*found, *(worker for worker in self._workers if worker.is_running())}

    def _kill_workers(self) -> None:
        for worker in self._workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        self._workers.clear()
