"""Clients that send one request after the other until they are told to stop."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any, Self

import httpx

from tests.http.server import ANSWER_SECONDS, wait_for

_CLIENTS = 4


class Load:
    """Requests from several clients during a block; `answers` are the statuses, or why there was none.

    Args:
        url: where they go.
        body: what they send.
        ready_url: asked before each request, as a load balancer does all the time; a client whose answer is not 200
            is done.
    """

    def __init__(self, url: str, body: dict[str, Any], *, ready_url: str | None = None) -> None:
        self._url = url
        self._body = body
        self._ready_url = ready_url
        self._stop = Event()
        self._pool = ThreadPoolExecutor(_CLIENTS)
        self._clients: list[Future[None]] = []
        self.answers: list[int | str] = []

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
            if self._ready_url is not None and _status("GET", self._ready_url) != 200:
                return
            self.answers.append(_status("POST", self._url, self._body))


def _status(method: str, url: str, body: dict[str, Any] | None = None) -> int | str:
    try:
        return httpx.request(method, url, json=body, timeout=ANSWER_SECONDS, trust_env=False).status_code
    except httpx.TransportError as error:
        return repr(error)
