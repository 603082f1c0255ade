"""What is measured: servers over HTTP and, as references, models in this process."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol, cast

import httpx
import numpy as np
import uvloop
from numpy.typing import NDArray

from benchmarks.load import Load, closed_loop, requests_of
from benchmarks.peers.peer import EmbedRoute, Peer, RerankRoute
from benchmarks.peers.requests import Documents, Request, Texts
from benchmarks.peers.server import Server
from benchmarks.peers.work import QUERY, Work, prompt_of
from bentos.common.backends.interface import Backend, TokenRow
from bentos.common.backends.packing import groups
from bentos.common.engine.tokenizer import Tokenizer
from bentos.common.models.store import InstalledModel

BARE = "duobento, backend in process"
SENTENCE_TRANSFORMERS = "sentence-transformers in process"

_BATCH_TOKENS = 2048
_WAKING_QUERIES = 3
_PROBE_TEXTS = ("a probe", "another, longer probe about music and logistics", "Berlin")


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
    """A running server, paused except while it is measured."""

    def __init__(self, peer: Peer, server: Server, model: InstalledModel, precision: str) -> None:
        self.name = peer.name
        self.precision = precision
        self.server = server
        self._peer = peer
        self._prompt = "" if peer.adds_prompt else prompt_of(model)

    def run(self, work: Work) -> Load:
        """See `Contestant.run`."""
        with self.server.awake():
            if work.load == QUERY:
                # What others pushed out of the processor's caches meanwhile comes back first.
                self.run_awake(replace(work, requests=work.requests[:_WAKING_QUERIES]))
            return self.run_awake(work)

    def run_awake(self, work: Work) -> Load:
        """As `run`, for a server that is not paused."""
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

    def vectors(self) -> NDArray[np.float32]:
        """Vectors of a few texts, to see that it serves the same model: float32 `[texts, dimension]`."""
        route = cast(EmbedRoute, self._peer.embed)
        body = route.body([self._prompt + text for text in _PROBE_TEXTS])
        answer = httpx.post(self.server.url + route.path, json=body, timeout=120).raise_for_status()
        return np.array(route.vectors(answer.json()), np.float32)

    def http_requests(self, requests: tuple[Request, ...]) -> list[bytes]:
        """The requests in this server's dialect."""
        path = cast(EmbedRoute | RerankRoute, self._peer.embed if isinstance(requests[0], Texts) else self._peer.rerank)
        return requests_of(self.server.url + path.path, map(self._body, requests))

    def _body(self, request: Request) -> dict[str, Any]:
        if isinstance(request, Documents):
            return cast(RerankRoute, self._peer.rerank).body(request)
        return cast(EmbedRoute, self._peer.embed).body([self._prompt + text for text in request.texts])


class BareBackend:
    """Our backend without HTTP and without the engine: sequences sorted by length, in large micro-batches."""

    name = BARE

    def __init__(self, backend: Backend, model: InstalledModel) -> None:
        self.precision = backend.precision
        self._backend = backend
        self._prompt = prompt_of(model)
        self._tokenizer = Tokenizer.load(model.path, model.profile.max_tokens)

    def run(self, work: Work) -> Load:
        """See `Contestant.run`."""
        return _timed(work, self._infer)

    def _infer(self, requests: tuple[Request, ...]) -> None:
        rows = sorted((row for request in requests for row in self._rows(request)), key=lambda row: len(row.ids))
        for part in groups([len(row.ids) for row in rows], _BATCH_TOKENS):
            self._backend.infer(rows[part])

    def _rows(self, request: Request) -> Iterator[TokenRow]:
        tokenizer = self._tokenizer
        if isinstance(request, Texts):
            for content in tokenizer.contents(request.texts, tokenizer.content_limit, prefix=self._prompt):
                yield tokenizer.row(content.ids)
        else:
            [query] = tokenizer.contents([request.query], tokenizer.pair_content_limit)
            for content in tokenizer.contents(request.documents, tokenizer.pair_content_limit):
                yield tokenizer.pair_row(query.ids, content.ids)


class SentenceTransformersInProcess:
    """The original in fp32, as its own library runs it."""

    name = SENTENCE_TRANSFORMERS
    precision = "fp32"

    def __init__(self, original: InstalledModel) -> None:
        from sentence_transformers import CrossEncoder, SentenceTransformer

        model = SentenceTransformer if original.profile.kind == "encoder" else CrossEncoder
        self._model: Any = model(str(original.path), device="cpu")
        self._prompt = prompt_of(original)

    def run(self, work: Work) -> Load:
        """See `Contestant.run`."""
        return _timed(work, self._infer)

    def vectors(self) -> NDArray[np.float32]:
        """Vectors of the texts of `HttpContestant.vectors`: float32 `[texts, dimension]`."""
        vectors: NDArray[np.float32] = self._model.encode(
            [self._prompt + text for text in _PROBE_TEXTS], normalize_embeddings=True
        )
        return vectors

    def _infer(self, requests: tuple[Request, ...]) -> None:
        texts = [self._prompt + text for request in requests if isinstance(request, Texts) for text in request.texts]
        pairs = [
            (request.query, document)
            for request in requests
            if isinstance(request, Documents)
            for document in request.documents
        ]
        if texts:
            self._model.encode(texts, batch_size=32, show_progress_bar=False)
        if pairs:
            self._model.predict(pairs, batch_size=32, show_progress_bar=False)


def _timed(work: Work, infer: Callable[[tuple[Request, ...]], None]) -> Load:
    """One client's requests one by one, with latencies; those of several clients all together, without."""
    started = time.perf_counter()
    if work.clients > 1:
        infer(work.requests)
        return Load(time.perf_counter() - started, [], [])
    latencies = []
    for request in work.requests:
        before = time.perf_counter()
        infer((request,))
        latencies.append(time.perf_counter() - before)
    return Load(time.perf_counter() - started, latencies, [])
