"""Logs: lines of text or JSON, with the request's id, never with users' texts."""

import json

from tests.http.server import wait_for
from tests.http.services import Service
from tests.http.shared import POISON

SECRET = "kingfisher"


def test_json_logs_parse_line_by_line_from_the_first(frail: Service) -> None:
    frail.post(f"the {POISON} drinks")
    frail.server.client.get("/nothing")
    events = [json.loads(line) for line in frail.server.log.splitlines()]
    assert all({"time", "level", "message", "request_id", "service"} <= event.keys() for event in events)
    assert {event["service"] for event in events} == {frail.kind.name}


def test_json_logs_carry_the_request_id(frail: Service) -> None:
    frail.post_with({"X-Request-ID": "heron-42"}, "heron")
    wait_for(lambda: '"heron-42"' in frail.server.log, "the request is logged")
    [event] = [json.loads(line) for line in frail.server.log.splitlines() if '"heron-42"' in line]
    assert event["request_id"] == "heron-42"
    assert f"POST {frail.kind.path} 200" in event["message"]


def test_text_logs_carry_the_request_id(service: Service) -> None:
    service.post_with({"X-Request-ID": "heron-43"}, "heron")
    wait_for(lambda: f"[heron-43] POST {service.kind.path} 200" in service.server.log, "the request is logged")


def test_texts_never_reach_the_log_whatever_happens_to_the_request(frail: Service) -> None:
    post = frail.server.client.post
    path, items = frail.kind.path, frail.kind.items
    frail.post(SECRET)
    frail.post(f"{SECRET} {POISON}")
    frail.post(SECRET, f"{SECRET} " * 5000, truncate="none")
    frail.post(SECRET, input_type=SECRET)
    frail.post(**{SECRET: SECRET})
    frail.post(**{items: [[SECRET]]})
    frail.post_body(f'{{"{SECRET}": {SECRET}'.encode())
    frail.post_body(f'{{"{SECRET}": 1, "{SECRET}": 2}}'.encode())
    post(f"{path}?text={SECRET}", json=frail.kind.body(SECRET))
    post(f"/{SECRET}", json={})
    for method in ("encode", "score"):
        post(f"/{method}", json={SECRET: [SECRET]})
        post(f"/{method}", json={"sentences": SECRET, "pairs": SECRET})
        post(f"/{method}", json={"sentences": [" ", SECRET], "pairs": [[SECRET, " "]]})
        post(f"/{method}", json={"sentences": [f"{SECRET} {POISON}"], "pairs": [[SECRET, POISON]]})
    frail.post_with({"X-Request-ID": "last-one"}, "heron")
    wait_for(lambda: "last-one" in frail.server.log, "everything is logged")
    assert SECRET not in frail.server.log
