"""BentoML's own routes keep the rules of ours: what they take, how they refuse it, and whom an error or a gap hits."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import orjson
import pytest

from tests.hostile.raw_http import RawConnection, post
from tests.http.server import wait_for
from tests.http.services import JSON, Kind, Service, long_texts, problem
from tests.http.shared import POISON
from tests.http.test_bentoml_client import api, call

GOOD_CALLS = 40
LEAVING_CALLS = 400


def parameter(kind: Kind) -> str:
    return next(iter(call(kind, [])))


def item(kind: Kind, text: str) -> Any:
    """One item of a call, as JSON has it."""
    return call(kind, [text])[parameter(kind)][0]


def multipart(kind: Kind, value: str) -> dict[str, Any]:
    return {"files": {parameter(kind): (None, value)}}


BAD_CALLS: dict[str, Callable[[Kind], dict[str, Any]]] = {
    "multipart": lambda kind: multipart(kind, orjson.dumps([item(kind, "heron")]).decode()),
    "multipart with a lone surrogate": lambda kind: multipart(kind, '["\\ud800"]'),
    "multipart with deep JSON": lambda kind: multipart(kind, "[" * 100_000),
    "multipart without boundary": lambda _: {"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}},
    "text": lambda _: {"content": b"heron", "headers": {"Content-Type": "text/plain"}},
    "pickle": lambda _: {"content": b"\x80\x04N.", "headers": {"Content-Type": "application/vnd.bentoml+pickle"}},
    "a lone surrogate": lambda kind: {"content": f'{{"{parameter(kind)}": ["\\ud800"]}}', "headers": JSON},
    "deep JSON": lambda kind: {"content": f'{{"{parameter(kind)}": {"[" * 100_000}', "headers": JSON},
    "bad UTF-8": lambda kind: {"content": f'{{"{parameter(kind)}": ["\xff"]}}'.encode("latin-1"), "headers": JSON},
    "an empty body": lambda _: {"content": b"", "headers": JSON},
    "a list": lambda kind: {"json": [item(kind, "heron")]},
    "no items": lambda kind: {"json": {parameter(kind): []}},
    "no list": lambda kind: {"json": {parameter(kind): "heron"}},
    "another parameter": lambda kind: {"json": {"texts": [item(kind, "heron")]}},
    "an unknown parameter": lambda kind: {"json": call(kind, ["heron"]) | {"normalize": True}},
    "a long unknown parameter": lambda kind: {"json": call(kind, ["heron"]) | {"x" * 100_000: True}},
    "a number among the items": lambda kind: {"json": {parameter(kind): [item(kind, "heron"), 1]}},
    "null among the items": lambda kind: {"json": {parameter(kind): [None]}},
    "a list too deep": lambda kind: {"json": {parameter(kind): [[item(kind, "heron")]]}},
    "too many": lambda kind: {"json": {parameter(kind): [item(kind, "heron")] * (kind.most_items + 1)}},
}


@pytest.mark.parametrize("bad", BAD_CALLS)
def test_a_bad_call_is_the_callers_fault_in_one_line(service: Service, bad: str) -> None:
    answer = service.server.client.post(api(service.kind), **BAD_CALLS[bad](service.kind))
    status, _, _ = problem(answer)
    assert status in (400, 413, 415, 422)
    assert status == 415 or not bad.startswith(("multipart", "pickle", "text"))
    assert len(answer.content) < 400


def test_an_error_names_the_item(service: Service) -> None:
    name = parameter(service.kind)
    items = [item(service.kind, "heron"), item(service.kind, "stork"), 3]
    answer = service.server.client.post(api(service.kind), json={name: items})
    assert problem(answer) == (422, "invalid_request", f"{name}.2")


def test_bad_calls_fail_no_other_and_leave_no_traceback(service: Service) -> None:
    kind, path = service.kind, api(service.kind)

    def send(number: int) -> httpx.Response:
        if number % 2:
            return service.server.client.post(path, json=call(kind, [f"heron {number}"]))
        bad = list(BAD_CALLS.values())[number // 2 % len(BAD_CALLS)]
        return service.server.client.post(path, **bad(kind))

    with ThreadPoolExecutor(16) as clients:
        statuses = [answer.status_code for answer in clients.map(send, range(2 * GOOD_CALLS))]
    assert statuses[1::2] == [200] * GOOD_CALLS
    assert all(400 <= status < 500 for status in statuses[::2])
    assert "Traceback" not in service.server.log


def test_a_text_on_which_the_model_fails_fails_its_own_call_only(frail: Service) -> None:
    kind, path = frail.kind, api(frail.kind)

    def send(number: int) -> httpx.Response:
        text = f"{POISON} {number}" if number % 8 == 0 else f"heron {number}"
        return frail.server.client.post(path, json=call(kind, ["stork", text]))

    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(send, range(GOOD_CALLS)))
    assert [answer.status_code for answer in answers] == [
        500 if number % 8 == 0 else 200 for number in range(GOOD_CALLS)
    ]
    assert {problem(answer)[1] for answer in answers[::8]} == {"internal_error"}


def test_each_of_many_merged_calls_is_told_which_of_its_own_texts_lost_tokens(embed: Service) -> None:
    def send(number: int) -> str | None:
        texts = [f"heron {number}"] * 3
        if number % 4 < 3:
            texts[number % 4] = f"{number} " + "the heron waits " * 200
        truncated: str | None = embed.server.client.post("/encode", json={"sentences": texts}).headers.get(
            "X-Truncated"
        )
        return truncated

    with ThreadPoolExecutor(16) as clients:
        named = list(clients.map(send, range(GOOD_CALLS)))
    assert named == [str(number % 4) if number % 4 < 3 else None for number in range(GOOD_CALLS)]


def test_other_methods_are_405(service: Service) -> None:
    answer = service.server.client.get(api(service.kind))
    assert problem(answer) == (405, "method_not_allowed", None)
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("suffix", ["%0A", "%0D%0A", "%0a", "%00", "/", "%20"])
def test_a_path_that_is_nearly_the_routes_is_another(service: Service, suffix: str) -> None:
    body = orjson.dumps(call(service.kind, ["heron"]))
    for path in (api(service.kind), service.kind.path):
        with RawConnection(service.server.port) as connection:
            answer = connection.send(post(path + suffix, body)).answer()
        assert answer.error == (404, "not_found"), path


def test_a_line_break_inside_a_path_is_404_in_our_shape(service: Service) -> None:
    with RawConnection(service.server.port) as connection:
        answer = connection.send(b"GET /v1/models/a%0Ab HTTP/1.1\r\nHost: heron\r\n\r\n").answer()
    assert answer.error == (404, "model_not_found")


def test_calls_whose_callers_have_left_are_dropped(embed: Service) -> None:
    computed = embed.server.metric("duobento_texts_total")
    with ExitStack() as stack:
        texts = long_texts(LEAVING_CALLS)
        for text in texts:
            body = orjson.dumps({"sentences": [f"left {text}"] * 8})
            stack.enter_context(RawConnection(embed.server.port)).send(post("/encode", body))
        wait_for(lambda: embed.server.metric("duobento_queue_tokens") > 0, "the first of them are computed")
    wait_for(
        lambda: embed.server.metric("duobento_requests_total", route="/encode", status="499") >= LEAVING_CALLS // 2,
        "they are given up",
    )
    assert embed.server.client.post("/encode", json={"sentences": ["heron"]}).status_code == 200
    assert embed.server.metric("duobento_texts_total") - computed < LEAVING_CALLS * 8 / 2


def test_a_large_call_whose_caller_leaves_is_dropped_from_the_queue(embed: Service) -> None:
    dropped = embed.server.metric("duobento_dropped_items_total")
    with RawConnection(embed.server.port) as connection:
        connection.send(post("/encode", orjson.dumps({"sentences": [f"gone {text}" for text in long_texts(1000)]})))
        wait_for(lambda: embed.server.metric("duobento_queue_tokens") > 0, "it is admitted")
    wait_for(lambda: embed.server.metric("duobento_queue_tokens") == 0, "it is dropped")
    assert embed.server.metric("duobento_dropped_items_total") > dropped


@pytest.mark.parametrize(("bentoml", "ours"), [("/readyz", "/ready"), ("/livez", "/live"), ("/healthz", "/live")])
def test_probes_of_bentoml_answer_as_ours(service: Service, bentoml: str, ours: str) -> None:
    assert service.server.client.get(bentoml).json() == service.server.client.get(ours).json()
    assert problem(service.server.client.post(bentoml)) == (405, "method_not_allowed", None)
    assert service.server.client.head(bentoml).status_code == 200
