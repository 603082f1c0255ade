"""Bodies that do not end and answers that nobody reads take a bounded part of the memory; small requests go on."""

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest

from bentos.common.http.inflight import FREE_BYTES
from tests.hostile.prober import Prober
from tests.hostile.raw_http import RawConnection, post
from tests.http.server import wait_for
from tests.http.services import EMBED, QUICK_STOP, Service, running

MEBIBYTE = 1024 * 1024
BODY_BYTES = MEBIBYTE
INFLIGHT_BYTES = 4 * MEBIBYTE
TEXTS = ["heron"] * 1500
"""Quickly answered, with 7 MB."""
SMALL_BODY = orjson.dumps({"texts": ["a"] * 1020})
"""Not counted, and answered with nearly 5 MB."""


@pytest.fixture(scope="module")
def narrow(home: Path, logs: Path) -> Iterator[Service]:
    """embed-service with memory for four bodies of the largest size."""
    settings = {"CACHE_URL": "memory", "MAX_BODY_BYTES": str(BODY_BYTES), "MAX_INFLIGHT_BYTES": str(INFLIGHT_BYTES)}
    with running(EMBED, EMBED.lean | QUICK_STOP | settings, home=home, log=logs / "narrow.log") as service:
        yield service


@pytest.fixture(autouse=True)
def _all_memory_is_given_back(narrow: Service) -> Iterator[None]:
    yield
    wait_for(lambda: inflight(narrow) == 0, "all requests end")
    assert narrow.server.client.post("/embed", content=body(BODY_BYTES)).status_code == 200


def body(size: int) -> bytes:
    """A valid request of so many bytes."""
    return orjson.dumps({"text": "heron"}).ljust(size)


def inflight(service: Service) -> float:
    return service.server.metric("duobento_inflight_bytes")


def refusals(service: Service) -> float:
    return service.server.metric("duobento_refusals_total", reason="memory")


def test_bodies_that_hold_back_their_last_byte_are_refused_beyond_the_budget(narrow: Service) -> None:
    before = refusals(narrow)
    with ExitStack() as stack, Prober(narrow.server.port) as prober:
        held = [stack.enter_context(RawConnection(narrow.server.port)) for _ in range(4)]
        for connection in held:
            connection.send(post("/embed", body(BODY_BYTES))[:-1])
        wait_for(lambda: inflight(narrow) > INFLIGHT_BYTES - 16, "four bodies have arrived")
        refused = narrow.server.client.post("/embed", content=body(BODY_BYTES))
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "overloaded")
        assert int(refused.headers["Retry-After"]) >= 1
        assert refusals(narrow) == before + 1
        assert inflight(narrow) < INFLIGHT_BYTES
        assert narrow.post("heron").status_code == 200  # a small one
        assert held[0].send(b" ").answer().status == 200
        assert narrow.server.client.post("/embed", content=body(BODY_BYTES // 2)).status_code == 200
    assert prober.statuses == {200}


def test_a_refusal_for_memory_has_the_dialects_shape(narrow: Service) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(RawConnection(narrow.server.port)).send(post("/embed", body(BODY_BYTES))[:-1])
        wait_for(lambda: inflight(narrow) > INFLIGHT_BYTES - 16, "four bodies have arrived")
        answers = {
            path: narrow.server.client.post(path, content=body(BODY_BYTES))
            for path in ("/v1/embed", "/v1/embeddings", "/tei/embed", "/encode")
        }
    assert {answer.status_code for answer in answers.values()} == {429}
    assert answers["/v1/embed"].json().keys() == {"id", "message"}
    assert answers["/v1/embeddings"].json()["error"]["code"] == "rate_limit_exceeded"
    assert answers["/tei/embed"].json()["error_type"] == "Overloaded"


def test_clients_that_leave_in_the_middle_of_their_bodies_give_their_memory_back(narrow: Service) -> None:
    for _ in range(12):
        with RawConnection(narrow.server.port) as connection:
            connection.send(post("/embed", body(BODY_BYTES))[:-1])
        wait_for(lambda: inflight(narrow) == 0, "the request has ended")


def test_an_answer_that_nobody_reads_is_counted_until_it_is_read(narrow: Service) -> None:
    with RawConnection(narrow.server.port, receive_buffer=4096) as slow, Prober(narrow.server.port) as prober:
        slow.send(post("/embed", orjson.dumps({"texts": TEXTS})))
        wait_for(lambda: inflight(narrow) > INFLIGHT_BYTES, "the answer has been made")
        assert narrow.server.client.post("/embed", content=body(BODY_BYTES)).status_code == 429
        assert narrow.post("heron").status_code == 200
        answer = slow.answer()
    assert answer.status == 200
    assert len(orjson.loads(answer.body)["embeddings"]) == len(TEXTS)
    assert prober.statuses == {200}


def test_an_answer_whose_client_leaves_is_no_longer_counted(narrow: Service) -> None:
    with RawConnection(narrow.server.port, receive_buffer=4096) as slow:
        slow.send(post("/embed", orjson.dumps({"texts": TEXTS})))
        wait_for(lambda: inflight(narrow) > INFLIGHT_BYTES, "the answer has been made")


def test_answers_that_nobody_reads_are_bounded_in_all_however_small_their_bodies(narrow: Service) -> None:
    assert len(SMALL_BODY) <= FREE_BYTES
    whole = len(narrow.server.client.post("/embed", content=SMALL_BODY).content)
    before = refusals(narrow)
    with ExitStack() as stack, Prober(narrow.server.port) as prober:
        for _ in range(20):
            connection = stack.enter_context(RawConnection(narrow.server.port, receive_buffer=4096))
            connection.send(post("/embed", SMALL_BODY))
        wait_for(lambda: refusals(narrow) >= before + 15, "most have been refused")
        assert inflight(narrow) < INFLIGHT_BYTES + whole + 1000
        assert narrow.post("heron").status_code == 200
    assert prober.statuses == {200}
    wait_for(lambda: inflight(narrow) == 0, "all requests end")
    assert len(narrow.server.client.post("/embed", content=SMALL_BODY).content) > whole - 1000


def test_an_answer_refused_for_memory_has_the_dialects_shape(narrow: Service) -> None:
    texts = ["heron"] * 90
    cohere: dict[str, object] = {"texts": texts, "model": EMBED.model, "input_type": "search_document"}
    bodies: dict[str, dict[str, object]] = {
        "/embed": {"texts": texts},
        "/v1/embed": {"texts": texts},
        "/v2/embed": cohere,
        "/v1/embeddings": {"input": texts, "model": EMBED.model},
        "/tei/embed": {"inputs": texts},
        "/encode": {"sentences": texts},
    }
    with RawConnection(narrow.server.port, receive_buffer=4096) as slow:
        slow.send(post("/embed", orjson.dumps({"texts": TEXTS})))
        wait_for(lambda: inflight(narrow) > INFLIGHT_BYTES, "the answer has been made")
        answers = {path: narrow.server.client.post(path, json=body) for path, body in bodies.items()}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(bodies, 429)
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers.values())
    for path in ("/embed", "/encode"):
        assert answers[path].json()["error"]["code"] == "overloaded"
    for path in ("/v1/embed", "/v2/embed"):
        assert answers[path].json().keys() == {"id", "message"}
    assert answers["/v1/embeddings"].json()["error"]["code"] == "rate_limit_exceeded"
    assert answers["/tei/embed"].json()["error_type"] == "Overloaded"


def test_a_bomb_takes_no_more_than_a_body(narrow: Service) -> None:
    bomb = gzip.compress(b" " * 64 * MEBIBYTE)
    with Prober(narrow.server.port) as prober:
        answer = narrow.server.client.post("/embed", content=bomb, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert prober.statuses == {200}
