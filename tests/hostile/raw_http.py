"""HTTP as bytes on a socket, for requests that no client library would send."""

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import orjson

ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a server.

    Attributes:
        status: of the answer.
        headers: by lower-case name.
        body: without transfer encoding.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> tuple[int, str]:
        """Status and code of an error in the native shape."""
        return self.status, orjson.loads(self.body)["error"]["code"]


class RawConnection:
    """A connection to 127.0.0.1. As a context manager it is closed after the block."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:  # before connecting, else the kernel has already promised more
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(ANSWER_SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes | str) -> Self:
        """Send bytes, or text as latin-1; what the server does not take any more is dropped."""
        with suppress(BrokenPipeError, ConnectionResetError):  # it has answered and closed
            self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return self

    def answer(self) -> Answer:
        """The next answer; 1xx are skipped.

        Raises:
            ConnectionError: the server closed the connection without one.
        """
        while True:
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(head[0].split(" ")[1])
            if status >= 200:
                break
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, self._chunks())
        return Answer(status, headers, self._exactly(int(headers.get("content-length", "0"))))

    def is_closed_by_server(self) -> bool:
        """Wait until the server closes or resets the connection; false if it does not within `ANSWER_SECONDS`."""
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def _until(self, end: bytes) -> bytes:
        while end not in self._unread:
            self._receive()
        found, _, self._unread = self._unread.partition(end)
        return found + end

    def _exactly(self, size: int) -> bytes:
        while len(self._unread) < size:
            self._receive()
        found, self._unread = self._unread[:size], self._unread[size:]
        return found

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n"), 16):
            body += self._exactly(size)
            self._exactly(2)
        self._exactly(2)
        return body

    def _receive(self) -> None:
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError("the server closed the connection without an answer")
        self._unread += received


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A POST of JSON with these headers besides, written as `Name: value`."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: heron",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def get(path: str, *headers: str) -> bytes:
    """A GET with these headers besides, written as `Name: value`."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: heron", *headers, "", ""]).encode("latin-1")
