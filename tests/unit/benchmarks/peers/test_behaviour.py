import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psutil

from benchmarks.peers.behaviour import HUGE, INT8, LATE_ANSWER, LONG, QUERY_TYPE, observe
from benchmarks.peers.contestants import HttpContestant
from benchmarks.peers.peer import Peer
from benchmarks.peers.routes import PLAIN_EMBED, PLAIN_RERANK
from benchmarks.peers.server import Server
from bentos.common.backends.interface import Kind
from bentos.common.models.profile import ModelProfile
from bentos.common.models.store import InstalledModel

WINDOW = 16
PEER = Peer(
    name="any",
    about="any",
    model_format="torch",
    command=lambda _: [],
    embed=PLAIN_EMBED,
    rerank=PLAIN_RERANK,
)
MAX_BYTES = 1_000_000

Answer = tuple[int, dict[str, Any]]


def model(kind: Kind) -> InstalledModel:
    profile = ModelProfile(
        model_id="any/model",
        revision="1",
        kind=kind,
        dimension=2 if kind == "encoder" else None,
        max_tokens=WINDOW,
        prompts={"query": "query: "} if kind == "encoder" else {},
    )
    return InstalledModel("any:1", Path(), profile, datetime.now(UTC))


@contextmanager
def serving(answer: Callable[[str, dict[str, Any]], Answer], kind: Kind) -> Iterator[HttpContestant]:
    """A server that answers a path and a body, and refuses bodies of more than a megabyte."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            refused = len(body) > MAX_BYTES
            status, content = (413, {"error": "too large"}) if refused else answer(self.path, json.loads(body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        yield HttpContestant(PEER, Server(psutil.Popen(["true"]), url), model(kind))
    finally:
        server.shutdown()
        server.server_close()


def words(text: str, window: int) -> float:
    """Stands for what a model computes of a text's first words."""
    return float(sum(len(word) * place for place, word in enumerate(text.split()[:window], 1)))


def vectors_of(window: int) -> Callable[[str, dict[str, Any]], Answer]:
    def answer(path: str, body: dict[str, Any]) -> Answer:
        if path != "/embed":
            return 404, {}
        return 200, {"embeddings": [[1.0, words(text, window)] for text in body["texts"]]}

    return answer


def test_a_server_that_cuts_long_texts_and_speaks_no_dialect() -> None:
    with serving(vectors_of(WINDOW), "encoder") as server:
        seen = dict(observe(server, model("encoder")))
    assert seen == {
        LONG: "cut at the window, silently",
        QUERY_TYPE: "no such route",
        INT8: "no such route",
        HUGE: 'refused, 413: {"error": "too large"}',
    }


def test_a_server_that_reads_long_texts_to_their_end() -> None:
    with serving(vectors_of(10_000), "encoder") as server:
        assert dict(observe(server, model("encoder")))[LONG] == "read to its end"


def test_a_server_of_coheres_dialect() -> None:
    def answer(path: str, body: dict[str, Any]) -> Answer:
        if path == "/embed":
            return 200, {"embeddings": [[1.0, 0.0] for _ in body["texts"]], "truncated": [0]}
        if body["embedding_types"] == ["int8"]:
            return 200, {"embeddings": {"int8": [[-128, 127]]}}
        return 200, {"embeddings": {"float": [[1.0, len(body["input_type"])]]}}

    with serving(answer, "encoder") as server:
        seen = dict(observe(server, model("encoder")))
    assert seen[LONG] == "cut at the window, and the answer says so"
    assert seen[QUERY_TYPE] == "the query's prompt is put before the text"
    assert seen[INT8] == "whole numbers from -128 to 127"


def test_a_reranker_that_sees_a_documents_beginning_alone() -> None:
    def answer(_: str, body: dict[str, Any]) -> Answer:
        return 200, {"scores": [words(document, WINDOW) / 1000 for document in body["documents"]]}

    with serving(answer, "cross-encoder") as server:
        assert dict(observe(server, model("cross-encoder")))[LATE_ANSWER] == "not seen, silently"


def test_a_reranker_that_sees_a_documents_end() -> None:
    def answer(_: str, body: dict[str, Any]) -> Answer:
        return 200, {"scores": [float("engineer" in document) for document in body["documents"]]}

    with serving(answer, "cross-encoder") as server:
        seen = dict(observe(server, model("cross-encoder")))
    assert seen[LATE_ANSWER] == "seen: score 1.000, without it 0.000"


def test_a_server_that_is_gone_is_told_apart_from_one_that_refuses() -> None:
    with serving(vectors_of(WINDOW), "encoder") as server:
        pass
    assert dict(observe(server, model("encoder")))[LONG] == "the connection broke (ConnectError)"
