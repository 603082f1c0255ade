"""The port of a service that stops: every connection that a client has made is taken, then no more can be made."""

import asyncio
import os
import select
import socket
from contextlib import suppress

import uvicorn

_POLL_SECONDS = 0.005
_LONGEST_SECONDS = 1.0
_FIRST_REQUEST_SECONDS = 0.2


async def close_port(server: uvicorn.Server) -> None:
    """Let the kernel refuse connections from now on, and lose none of those that it has made.

    Closing the sockets would lose two kinds. Some wait in the kernel's queue, which goes on growing as long as
    BentoML's parent process holds the port, too. And some have been taken but their first request was not read:
    uvicorn takes them for idle ones and closes them.

    Args:
        server: that listens; afterwards it does not.
    """
    for listener in server.servers:
        for listening in [socket.socket(fileno=os.dup(one.fileno())) for one in listener.sockets]:
            with listening:
                await _until_all_are_taken(listening)
                listener.close()
                with suppress(OSError):  # where only connections can be shut down
                    listening.shutdown(socket.SHUT_RDWR)
    await asyncio.sleep(_FIRST_REQUEST_SECONDS)


async def _until_all_are_taken(listening: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    give_up = loop.time() + _LONGEST_SECONDS
    # The kernel tells when its queue fills, not when it is empty.
    while select.select([listening], [], [], 0)[0] and loop.time() < give_up:  # noqa: ASYNC110
        await asyncio.sleep(_POLL_SECONDS)
