"""What pretends to be a Redis: polite while a client connects, then an attack in place of an answer.

It runs in a process of its own, so that its time and memory are not counted as its victim's:
`python -m tests.redis_impostor BEGINNING REST PACKET_BYTES`, with BEGINNING and REST in hex, prints the port.
"""

import re
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_BLOCK_BYTES = 65536
_COMMAND = re.compile(rb"\*\d+\r\n\$\d+\r\n([A-Za-z]+)\r\n")
_POLITE = {b"HELLO": b"%2\r\n+proto\r\n:3\r\n+version\r\n+7.0.0\r\n", b"CLIENT": b"+OK\r\n", b"SELECT": b"+OK\r\n"}


@dataclass(frozen=True)
class Attack:
    """An answer that no Redis gives.

    Attributes:
        name: of the test.
        beginning: sent once.
        rest: sent again and again until the victim closes the connection; when empty, nothing more comes.
        packet_bytes: sent at a time; 0 sends all at once.
    """

    name: str
    beginning: bytes
    rest: bytes = b""
    packet_bytes: int = 0


class Impostor:
    """A running impostor. As a context manager it is gone after the block."""

    def __init__(self, attack: Attack) -> None:
        arguments = (attack.beginning.hex(), attack.rest.hex(), str(attack.packet_bytes))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.redis_impostor", *arguments],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process as process:
            process.kill()


def _answer(connection: socket.socket, beginning: bytes, rest: bytes, packet_bytes: int) -> None:
    block = rest * (_BLOCK_BYTES // len(rest)) if rest else b""
    with connection, suppress(OSError):
        while received := connection.recv(65536):
            for command in _COMMAND.findall(received):
                if polite := _POLITE.get(command.upper()):
                    connection.sendall(polite)
                    continue
                _send(connection, beginning, packet_bytes)
                while block:
                    _send(connection, block, packet_bytes)


def _send(connection: socket.socket, data: bytes, packet_bytes: int) -> None:
    for start in range(0, len(data), packet_bytes or len(data)):
        connection.sendall(data[start : start + (packet_bytes or len(data))])


def main(beginning: str, rest: str, packet_bytes: str) -> None:
    """Attack whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sys.stdout.write(f"{server.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            arguments = (connection, bytes.fromhex(beginning), bytes.fromhex(rest), int(packet_bytes))
            threading.Thread(target=_answer, args=arguments, daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
