"""More work than a service can do: some is done in time, the rest is refused at once, and nothing else changes."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.http.server import wait_for
from tests.http.services import Service, long_texts, problem


def test_what_cannot_be_answered_in_time_is_refused_at_once_and_the_rest_is_answered(impatient: Service) -> None:
    expected = impatient.post(*long_texts(4)).json()
    before = impatient.server.metric("duobento_refusals_total", reason="queue")

    def ask(_: int) -> httpx.Response:
        return impatient.post(*long_texts(4), priority="interactive")

    with ThreadPoolExecutor(100) as clients:
        answers = list(clients.map(ask, range(300)))
    refused = [answer for answer in answers if answer.status_code != 200]
    assert 0 < len(refused) < len(answers)
    assert {problem(answer)[:2] for answer in refused} == {(429, "overloaded")}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 60 for answer in refused)
    assert impatient.server.metric("duobento_refusals_total", reason="queue") == before + len(refused)
    same = {"embeddings", "results"} & expected.keys()
    for answer in answers:
        if answer.status_code == 200:
            assert all(answer.json()[field] == expected[field] for field in same)
    wait_for(lambda: impatient.server.metric("duobento_queue_tokens") == 0, "the queue is empty")
    assert impatient.server.metric("duobento_expected_wait_seconds", lane="interactive") == 0


def test_a_request_that_would_end_after_its_deadline_is_429(service: Service) -> None:
    with service.busy():
        body = service.kind.body("heron", priority="bulk")
        headers = {"X-Request-Timeout": "0.3"}
        answer = service.server.client.post(service.kind.path, json=body, headers=headers)
        expected = service.server.metric("duobento_expected_wait_seconds", lane="bulk")
        assert service.server.metric("duobento_expected_wait_seconds", lane="interactive") < expected
    assert problem(answer) == (429, "overloaded", None)
    assert int(answer.headers["Retry-After"]) >= 1


def test_a_request_too_large_for_its_deadline_is_413_and_told_what_would_fit(service: Service) -> None:
    answer = service.post_with({"X-Request-Timeout": "0.5"}, *long_texts(400))
    assert problem(answer) == (413, "too_many_tokens", None)
    assert "at most" in answer.json()["error"]["message"]


def test_a_lone_request_of_the_largest_size_is_answered(embed: Service) -> None:
    answer = embed.post(*(f"heron {number}" for number in range(embed.kind.most_items)))
    assert len(answer.json()["embeddings"]) == embed.kind.most_items
