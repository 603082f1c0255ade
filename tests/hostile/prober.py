"""Asks a service's probes on fresh connections all the while something else is done to it."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PROBES = ("/live", "/ready", "/health")
_EVERY_SECONDS = 0.02
_GIVE_UP_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe's answer.

    Attributes:
        path: what was asked.
        status: of the answer; none if there was no HTTP answer within `_GIVE_UP_SECONDS`.
        seconds: from connecting to the answer's last byte.
    """

    path: str
    status: int | None
    seconds: float


@dataclass
class Prober:
    """Probes a service every 20 ms, from entry to exit of a block; a late answer delays no later probe.

    Attributes:
        port: of the service, on 127.0.0.1.
        answers: in the order in which they came; complete after the block.
    """

    port: int
    paths: tuple[str, ...] = PROBES
    answers: list[Probe] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._stopped = threading.Event()
        self._asking: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join()
        for thread in self._asking:
            thread.join()

    @property
    def worst_seconds(self) -> float:
        """The longest that a probe took."""
        assert self.answers, "no probe was asked"
        return max(answer.seconds for answer in self.answers)

    @property
    def statuses(self) -> set[int | None]:
        """All statuses that were answered; none among them stands for a probe without answer."""
        return {answer.status for answer in self.answers}

    def _run(self) -> None:
        number = 0
        while not self._stopped.is_set():
            path = self.paths[number % len(self.paths)]
            thread = threading.Thread(target=self._ask, args=[path], daemon=True)
            thread.start()
            self._asking = [*(other for other in self._asking if other.is_alive()), thread]
            number += 1
            self._stopped.wait(_EVERY_SECONDS)

    def _ask(self, path: str) -> None:
        started = time.monotonic()
        status = _status(self.port, path)
        self.answers.append(Probe(path, status, time.monotonic() - started))


def _status(port: int, path: str) -> int | None:
    request = f"GET {path} HTTP/1.1\r\nHost: prober\r\nConnection: close\r\n\r\n".encode()
    answer = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), _GIVE_UP_SECONDS) as connection:
        connection.sendall(request)
        while chunk := connection.recv(65536):
            answer += chunk
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else None
