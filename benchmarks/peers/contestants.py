"""What is measured over HTTP: a running server, asked in its own dialect."""

import asyncio
from typing import Any, Protocol, cast

import httpx
import numpy as np
import uvloop
from numpy.typing import NDArray

from benchmarks.load import Load, closed_loop, requests_of
from benchmarks.peers.peer import EmbedRoute, Peer, RerankRoute
from benchmarks.peers.requests import Documents, Request, Texts
from benchmarks.peers.server import Server
from benchmarks.peers.work import Work, prompt_of
from bentos.common.models.store import InstalledModel

_ANSWER_SECONDS = 300


class Refused(RuntimeError):
    """A server answered a request of a load with an error."""


class Contestant(Protocol):
    """Something that can do a load."""

    name: str
    precision: str

    def run(self, work: Work) -> Load:
        """Do it and time it. Without clients to wait for, `latencies` may be empty.

        Raises:
            Refused: not every request was answered.
        """


class HttpContestant:
    """A running server."""

    def __init__(self, peer: Peer, server: Server, model: InstalledModel) -> None:
        self.name = peer.name
        self.precision = peer.precision(model)
        self.server = server
        self._peer = peer
        self._prompt = "" if peer.adds_prompt else prompt_of(model)

    def run(self, work: Work) -> Load:
        """See `Contestant.run`."""
        requests = self.http_requests(work.requests)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                load = runner.run(closed_loop(self.server.url, requests, work.clients))
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            raise Refused(f"the connection broke ({type(error).__name__})") from error
        refused = [status for status in load.statuses if status != httpx.codes.OK]
        if refused:
            raise Refused(f"{len(refused)} of {len(requests)} requests got status {sorted(set(refused))}")
        return load

    def answer(self, request: Request) -> httpx.Response:
        """The server's answer to one request.

        Raises:
            httpx.TransportError: there was none.
        """
        route = self._route(request)
        headers = dict(route.headers)
        return httpx.post(
            self.server.url + route.path, json=self._body(request), headers=headers, timeout=_ANSWER_SECONDS
        )

    def vectors(self, answer: httpx.Response) -> NDArray[np.float32]:
        """The vectors in an answer: float32 `[texts, dimension]`."""
        return np.array(cast(EmbedRoute, self._peer.embed).vectors(answer.json()), np.float32)

    def scores(self, answer: httpx.Response) -> NDArray[np.float32]:
        """The sigmoid scores in an answer: float32 `[documents]`."""
        return np.array(cast(RerankRoute, self._peer.rerank).scores(answer.json()), np.float32)

    def http_requests(self, requests: tuple[Request, ...]) -> list[bytes]:
        """The requests in this server's dialect."""
        route = self._route(requests[0])
        return requests_of(self.server.url + route.path, map(self._body, requests), route.headers)

    def _route(self, request: Request) -> EmbedRoute | RerankRoute:
        return cast(EmbedRoute | RerankRoute, self._peer.embed if isinstance(request, Texts) else self._peer.rerank)

    def _body(self, request: Request) -> dict[str, Any]:
        if isinstance(request, Documents):
            return cast(RerankRoute, self._peer.rerank).body(request)
        return cast(EmbedRoute, self._peer.embed).body([self._prompt + text for text in request.texts])
