"""BentoML's own routes under load: a lone call is not held, a short one overtakes large ones, and late ones are 429."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import orjson

from tests.hostile.raw_http import RawConnection, post
from tests.http.server import wait_for
from tests.http.services import Service, long_texts, problem
from tests.http.test_bentoml_client import api, call

FIRST_CALLS = 9
"""After so many, BentoML's own dispatcher would hold a call until others come."""
LARGE_CALLS = 6
LARGE = 400


def send(service: Service, *texts: str, timeout: str | None = None) -> httpx.Response:
    headers = {"X-Request-Timeout": timeout} if timeout else {}
    return service.server.client.post(api(service.kind), json=call(service.kind, list(texts)), headers=headers)


def answered(service: Service) -> float:
    return service.server.metric("duobento_requests_total", route=api(service.kind), status="200")


def test_a_lone_call_is_not_held_after_slow_ones(impatient: Service) -> None:
    started = time.monotonic()
    for _ in range(FIRST_CALLS):
        assert send(impatient, *long_texts(8)).status_code == 200
    slow = (time.monotonic() - started) / FIRST_CALLS
    started = time.monotonic()
    assert send(impatient, "heron").status_code == 200
    assert time.monotonic() - started < slow


def test_a_short_call_overtakes_large_ones_and_one_that_would_be_late_is_429(impatient: Service) -> None:
    body = orjson.dumps(call(impatient.kind, long_texts(LARGE)))
    with ExitStack() as stack:
        for _ in range(LARGE_CALLS):
            stack.enter_context(RawConnection(impatient.server.port)).send(post(api(impatient.kind), body))
        wait_for(lambda: impatient.server.metric("duobento_queue_tokens") > 0, "the first is computed")
        before = answered(impatient)
        assert send(impatient, "heron").status_code == 200
        late = send(impatient, *long_texts(LARGE), timeout="0.3")
        assert answered(impatient) == before + 1
    assert problem(late) == (429, "overloaded", None)
    assert int(late.headers["Retry-After"]) >= 1
    wait_for(lambda: impatient.server.metric("duobento_queue_tokens") == 0, "they are dropped")


def test_what_the_waiting_calls_make_late_is_refused_at_once_and_the_rest_is_answered(impatient: Service) -> None:
    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(lambda _: send(impatient, *long_texts(8)), range(200)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(refused) < len(answers)
    assert {problem(answer)[:2] for answer in refused} == {(429, "overloaded")}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)
    assert send(impatient, "heron").status_code == 200


def test_a_call_too_large_for_its_deadline_is_413(impatient: Service) -> None:
    answer = send(impatient, *long_texts(LARGE), timeout="1")
    assert problem(answer)[:2] == (413, "too_many_tokens")


def test_a_deadline_that_is_no_number_is_422(impatient: Service) -> None:
    assert problem(send(impatient, "heron", timeout="soon"))[0] == 422
