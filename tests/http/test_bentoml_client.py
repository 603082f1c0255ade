"""The adaptive-batching APIs, called by BentoML's own client, agree with the native routes and keep their limits."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bentoml
import httpx
import numpy as np
import pytest

from tests.http import reference
from tests.http.server import ANSWER_SECONDS, wait_for
from tests.http.services import EMBED, JSON, QUICK_STOP, RERANK, Kind, Service, long_texts, problem, running
from tests.http.shared import FRAIL_BODY_BYTES, LOCKED_KEYS, LOCKED_TIMEOUT_SECONDS

TEXTS = ["heron", "How does a heron hunt?", "the heron waits " * 30]


def api(kind: Kind) -> str:
    """Path of a service's API."""
    return {"embed-service": "/encode", "rerank-service": "/score"}[kind.name]


def call(kind: Kind, texts: list[str]) -> dict[str, Any]:
    """Body of a call of the API."""
    return {"sentences": texts} if kind.name == "embed-service" else {"pairs": [["a heron", text] for text in texts]}


def test_encode_gives_the_vectors_of_embed(embed: Service) -> None:
    with bentoml.SyncHTTPClient(embed.server.url) as client:
        vectors = client.encode(sentences=TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert reference.least_cosine(vectors, embed.post(*TEXTS).json()["embeddings"]) >= 0.99999


def test_score_gives_the_scores_of_rerank(rerank: Service) -> None:
    query = "How does a heron hunt?"
    results = rerank.post(*TEXTS, query=query).json()["results"]
    expected = {result["index"]: result["score"] for result in results}
    with bentoml.SyncHTTPClient(rerank.server.url) as client:
        scores = client.score(pairs=[(query, text) for text in TEXTS])
    assert scores.shape == (len(TEXTS),)
    assert list(scores) == pytest.approx([expected[index] for index in range(len(TEXTS))], abs=1e-5)


def test_score_takes_pairs_of_several_queries(rerank: Service) -> None:
    pairs = [("How does a heron hunt?", "heron"), ("office hours", "heron"), ("How does a heron hunt?", "stork")]
    with bentoml.SyncHTTPClient(rerank.server.url) as client:
        together = client.score(pairs=pairs)
        alone = [client.score(pairs=[pair])[0] for pair in pairs]
    assert together == pytest.approx(alone, abs=1e-5)


def test_blank_sentences_are_taken_as_in_sentence_transformers(embed: Service) -> None:
    with bentoml.SyncHTTPClient(embed.server.url) as client:
        assert client.encode(sentences=["", "heron"]).shape == (2, 384)


def test_an_error_of_the_engine_keeps_its_status_and_is_counted_with_an_id(frail: Service) -> None:
    path = api(frail.kind)
    before = frail.server.metric("duobento_requests_total", route=path, status="429")
    with frail.busy():
        answer = frail.server.client.post(path, json=call(frail.kind, ["heron"] * 3))
    assert problem(answer) == (429, "overloaded", None)
    assert int(answer.headers["Retry-After"]) > 0
    assert frail.server.metric("duobento_requests_total", route=path, status="429") == before + 1


def test_calls_that_are_batched_together_each_get_their_own_vectors(embed: Service) -> None:
    expected = np.array(embed.post(*TEXTS).json()["embeddings"])

    def encode(index: int) -> float:
        with bentoml.SyncHTTPClient(embed.server.url) as client:
            vectors = client.encode(sentences=[TEXTS[index], TEXTS[0]])
        return reference.least_cosine(vectors, expected[[index, 0]])

    with ThreadPoolExecutor(8) as clients:
        assert min(clients.map(encode, [0, 1, 2] * 8)) >= 0.99999


def test_more_items_than_a_request_may_have_are_refused_and_named(service: Service) -> None:
    kind = service.kind
    answer = service.server.client.post(api(kind), json=call(kind, ["heron"] * (kind.most_items + 1)))
    assert problem(answer) == (413, "too_many_items", next(iter(call(kind, []))))
    assert f"limit of {kind.most_items}" in answer.text


@pytest.fixture(scope="module", params=[EMBED, RERANK], ids=lambda kind: kind.name)
def of_one(request: pytest.FixtureRequest, home: Path, logs: Path) -> Iterator[Service]:
    """Each service with a limit of one text per request."""
    kind: Kind = request.param
    settings = kind.lean | QUICK_STOP | {f"{kind.prefix}MAX_{kind.items.upper()}": "1"}
    with running(kind, settings, home=home, log=logs / f"of-one-{kind.name}.log") as service:
        yield service


def test_a_limit_of_one_is_of_each_call(of_one: Service) -> None:
    refused = of_one.server.client.post(api(of_one.kind), json=call(of_one.kind, ["heron", "stork"]))
    assert problem(refused)[:2] == (413, "too_many_items")


def test_a_limit_of_one_is_not_of_calls_at_the_same_time(of_one: Service) -> None:
    def answer(text: str) -> httpx.Response:
        return of_one.server.client.post(api(of_one.kind), json=call(of_one.kind, [text]))

    alone = [answer(text).json() for text in TEXTS]
    with ThreadPoolExecutor(8) as clients:
        together = list(clients.map(answer, TEXTS * 8))
    assert [found.status_code for found in together] == [200] * len(together)
    assert np.array([found.json() for found in together]) == pytest.approx(np.array(alone * 8), abs=1e-4)


def test_a_limit_of_one_is_of_the_native_route_too(of_one: Service) -> None:
    assert of_one.post("heron").status_code == 200
    assert problem(of_one.post("heron", "stork")) == (413, "too_many_items", of_one.kind.items)


def test_a_body_over_the_limit_is_413_whether_declared_or_not(frail: Service) -> None:
    path, client = api(frail.kind), frail.server.client
    before = frail.server.metric("duobento_requests_total", route=path, status="413")
    declared = client.post(path, content=b" " * (FRAIL_BODY_BYTES + 1), headers=JSON)
    chunks = (b" " * 65536 for _ in range(FRAIL_BODY_BYTES // 65536 + 1))
    found = client.post(path, content=chunks, headers=JSON)
    assert problem(declared) == problem(found) == (413, "body_too_large", None)
    wait_for(
        lambda: frail.server.metric("duobento_requests_total", route=path, status="413") == before + 2,
        "both are counted",
    )


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_fault_of_ours(service: Service) -> None:
    path = api(service.kind)
    before = service.server.metric("duobento_requests_total", route=path, status="499")
    head = f"POST {path} HTTP/1.1\r\nHost: heron\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.server.port), ANSWER_SECONDS) as connection:
        connection.sendall(head.encode() + b'{"sentences": ["her')
    wait_for(
        lambda: service.server.metric("duobento_requests_total", route=path, status="499") == before + 1,
        "it is counted",
    )


def test_a_call_that_would_take_too_long_is_413_at_once(locked: Service) -> None:
    kind, server = locked.kind, locked.server
    answered = server.metric("duobento_texts_total")
    headers = {"Authorization": f"Bearer {LOCKED_KEYS[0]}"}
    answer = server.client.post(api(kind), json=call(kind, long_texts(kind.most_items)), headers=headers)
    assert problem(answer)[:2] == (413, "too_many_tokens")
    assert f"within the {LOCKED_TIMEOUT_SECONDS} seconds" in answer.json()["error"]["message"]
    assert server.metric("duobento_texts_total") == answered
