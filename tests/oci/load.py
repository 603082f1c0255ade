"""Clients that send one request after the other until they are told to stop."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any, Self

import httpx

from tests.http.server import ANSWER_SECONDS, wait_for

_CLIENTS = 4


class Load:
    """Requests from several clients during a block; `answers` are the statuses, 0 for a connection that failed.

    Args:
        url: where they go.
        body: what they send.
        until_closed: whether a client that finds the port closed is done instead of failed.
    """

    def __init__(self, url: str, body: dict[str, Any], *, until_closed: bool = False) -> None:
        self._url = url
        self._body = body
        self._until_closed = until_closed
        self._stop = Event()
        self._pool = ThreadPoolExecutor(_CLIENTS)
        self._clients: list[Future[None]] = []
        self.answers: list[int] = []

    def __enter__(self) -> Self:
        self._clients = [self._pool.submit(self._send) for _ in range(_CLIENTS)]
        self.wait_for_more(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for client in self._clients:
            client.result()
        self._pool.shutdown()

    def wait_for_more(self, count: int) -> None:
        """Wait until so many more requests were answered."""
        goal = len(self.answers) + count
        wait_for(lambda: len(self.answers) >= goal, f"{count} more answers")

    def _send(self) -> None:
        while not self._stop.is_set():
            try:
                answer = httpx.post(self._url, json=self._body, timeout=ANSWER_SECONDS, trust_env=False)
            except httpx.ConnectError:
                if self._until_closed:
                    return
                self.answers.append(0)
            except httpx.TransportError:
                self.answers.append(0)
            else:
                self.answers.append(answer.status_code)
