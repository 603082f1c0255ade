"""How a process ends: SIGTERM first drains it, and a stuck one ends at once."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import uvicorn

from bentos.common.port import close_port

Drain = Callable[[uvicorn.Server, Callable[[], None]], None]
"""Begins to drain, with what shuts the server down afterwards."""


def on_sigterm(loop: asyncio.AbstractEventLoop, begin_drain: Drain) -> None:
    """Put a drain in front of the server's own handling of SIGTERM, a method of uvicorn's server."""
    server_handler = signal.getsignal(signal.SIGTERM)
    server = getattr(server_handler, "__self__", None)
    if not callable(server_handler) or not isinstance(server, uvicorn.Server):
        return

    def handle(number: int, _: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, server_handler)
        loop.call_soon_threadsafe(begin_drain, server, lambda: server_handler(number, None))

    signal.signal(signal.SIGTERM, handle)


async def shut_down(server: uvicorn.Server, handler: Callable[[], None], delay: float) -> None:
    """Close the port after a delay in seconds, and have the server end once its requests are answered."""
    await asyncio.sleep(delay)
    await close_port(server)
    handler()


def exit_process() -> NoReturn:
    """End the process at once: a thread that is stuck in native code cannot be joined."""
    logging.shutdown()
    os._exit(1)
