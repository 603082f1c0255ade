"""A port to listen on."""

import contextlib
import secrets
import socket

_PORTS = range(10_000, 32_000)
_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens, and that no earlier call has returned.

    It lies below those that the system gives to clients: one of theirs could be taken again before a server has it.
    """
    while True:
        port = secrets.choice(_PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
