"""Keeps the services running beside each other: when one crashes it is started again, the other goes on."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from scripts.backoff import doubling
from scripts.command import UnreachableError
from scripts.serve.managed_process import ManagedProcess
from scripts.serve.services import ServiceCommand

FIRST_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 30.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def run(
    services: Sequence[ServiceCommand],
    *,
    ready_seconds: float,
    grace_seconds: float,
    write: Callable[[str], None],
) -> None:
    """Run `services` until a stop signal; a second signal ends them at once.

    `ready_seconds` bounds each start, `grace_seconds` the stop of each service.

    Raises:
        UsageError: a port is taken.
        UnreachableError: a service does not become ready the first time.
    """
    for service in services:
        service.check_port_free()
    processes = [ManagedProcess(service, write) for service in services]
    work = asyncio.create_task(_start_and_keep(processes, ready_seconds, write))

    def on_signal() -> None:
        if work.done() or work.cancelling():
            for process in processes:
                process.kill()
        work.cancel()

    loop = asyncio.get_running_loop()
    for stop_signal in STOP_SIGNALS:
        loop.add_signal_handler(stop_signal, on_signal)
    try:
        await work
    except asyncio.CancelledError:
        write("Stopping both services.")
    finally:
        await asyncio.gather(*(process.stop(grace_seconds) for process in processes))


async def _start_and_keep(
    processes: Sequence[ManagedProcess], ready_seconds: float, write: Callable[[str], None]
) -> None:
    for process in processes:
        await process.start()
    await _all(process.wait_ready(ready_seconds) for process in processes)
    write(_startup_banner([process.service for process in processes]))
    await _all(_keep_running(process, ready_seconds, write) for process in processes)


async def _keep_running(process: ManagedProcess, ready_seconds: float, write: Callable[[str], None]) -> None:
    name = process.service.name
    pauses = doubling(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)
    while True:
        write(f"{name} {await process.crashed()}.")
        if not process.running:
            pause = next(pauses)
            write(f"{name} starts again in {pause:g} s.")
            await asyncio.sleep(pause)
            await process.start()
        try:
            await process.wait_ready(ready_seconds)
        except UnreachableError as error:
            write(str(error))
            process.kill()
        else:
            write(f"{name} is ready again.")
            pauses = doubling(FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)


async def _all(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run `steps` together; the first failure cancels the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None


def _startup_banner(services: Sequence[ServiceCommand]) -> str:
    lines = ["", "Ready. Stop with Ctrl-C."]
    for service in services:
        lines += ["", f"{service.name}  {service.url}", f"  {service.curl}"]
    return "\n".join([*lines, ""])
