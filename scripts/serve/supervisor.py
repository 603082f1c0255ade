"""Keeps the services running beside each other: when one crashes it is started again, the other goes on."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from scripts.serve.child import Child
from scripts.serve.errors import ServeError
from scripts.serve.services import ServiceCommand

FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 30.0
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
    Raises ServeError when a port is taken or a service does not become ready the first time.
    """
    for service in services:
        service.check_port_free()
    children = [Child(service, write) for service in services]
    work = asyncio.create_task(_start_and_keep(children, ready_seconds, write))

    def on_signal() -> None:
        if work.done() or work.cancelling():
            for child in children:
                child.kill()
        work.cancel()

    loop = asyncio.get_running_loop()
    for stop_signal in STOP_SIGNALS:
        loop.add_signal_handler(stop_signal, on_signal)
    try:
        await work
    except asyncio.CancelledError:
        write("Stopping both services.")
    finally:
        await asyncio.gather(*(child.stop(grace_seconds) for child in children))


async def _start_and_keep(children: Sequence[Child], ready_seconds: float, write: Callable[[str], None]) -> None:
    for child in children:
        await child.start()
    await _all(child.wait_ready(ready_seconds) for child in children)
    write(_startup_banner([child.service for child in children]))
    await _all(_keep_running(child, ready_seconds, write) for child in children)


async def _keep_running(child: Child, ready_seconds: float, write: Callable[[str], None]) -> None:
    name = child.service.name
    backoff = FIRST_BACKOFF_SECONDS
    while True:
        write(f"{name} {await child.crashed()}.")
        if not child.running:
            write(f"{name} starts again in {backoff:g} s.")
            await asyncio.sleep(backoff)
            await child.start()
        try:
            await child.wait_ready(ready_seconds)
        except ServeError as error:
            write(str(error))
            child.kill()
            backoff = min(2 * backoff, LONGEST_BACKOFF_SECONDS)
        else:
            write(f"{name} is ready again.")
            backoff = FIRST_BACKOFF_SECONDS


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
