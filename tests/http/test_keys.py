"""Where keys are set, only their holders are answered."""

import re
from typing import Any

import httpx
import pytest

from tests.http.server import wait_for
from tests.http.services import Service, problem
from tests.http.shared import LOCKED_KEYS, LOCKED_NAMES

BATCHED: dict[str, tuple[str, dict[str, Any]]] = {
    "embed-service": ("/encode", {"sentences": ["heron"]}),
    "rerank-service": ("/score", {"pairs": [["heron", "stork"]]}),
}


@pytest.mark.parametrize("key", LOCKED_KEYS)
def test_each_key_opens(locked: Service, key: str) -> None:
    headers = [(b"Authorization", f"Bearer {key}".encode())]
    answer = httpx.post(locked.server.url + locked.kind.path, json=locked.kind.body("heron"), headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer first-ke"},
        {"Authorization": "Bearer first-key2"},
        {"Authorization": "Basic first-key"},
        {"Authorization": b"Bearer \xff\xfe"},
        {"X-API-Key": "first-key"},
    ],
    ids=repr,
)
def test_a_missing_or_wrong_key_is_401(locked: Service, headers: dict[str, str]) -> None:
    answer = locked.post_with(headers, "heron")
    assert problem(answer) == (401, "unauthorized", None)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/live", "/ready", "/health", "/metrics"])
def test_probes_and_metrics_need_no_key(locked: Service, path: str) -> None:
    assert locked.server.client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/encode", "/score", "/docs", "/openapi.json", "/schema.json", "/info", "/nowhere"])
def test_every_other_path_needs_a_key(locked: Service, path: str) -> None:
    assert problem(locked.server.client.post(path, json={})) == (401, "unauthorized", None)


def test_a_refusal_is_counted_under_the_route_it_was_meant_for(locked: Service) -> None:
    api = {"embed-service": "/encode", "rerank-service": "/score"}[locked.kind.name]
    known = [locked.kind.path, api, "/info", "/openapi.json"]
    routes = [*known, "unmatched"]

    def refusals() -> list[float]:
        return [locked.server.metric("duobento_requests_total", route=route, status="401") for route in routes]

    before = refusals()
    for path in [*known, "/nowhere"]:
        locked.server.client.post(path, json={})
    wait_for(lambda: refusals() == [count + 1 for count in before], "each is counted once")


@pytest.mark.parametrize(("key", "name"), zip(LOCKED_KEYS, LOCKED_NAMES, strict=True))
@pytest.mark.parametrize("batched", [False, True])
def test_requests_and_tokens_are_counted_and_logged_by_the_name_of_their_key(
    locked: Service, key: str, name: str, batched: bool
) -> None:
    path, body = locked.kind.path, locked.kind.body("heron")
    if batched:
        path, body = BATCHED[locked.kind.name]
    requests, tokens = _used(locked, name)
    headers = [(b"Authorization", f"Bearer {key}".encode()), (b"X-Request-ID", f"of-{name}".encode())]
    answer = httpx.post(locked.server.url + path, json=body, headers=headers).raise_for_status()
    wait_for(lambda: _used(locked, name)[0] == requests + 1, "it is counted")
    used = int(_used(locked, name)[1] - tokens)
    assert used > 0 if batched else used == answer.json()["tokens"]
    assert re.search(rf"\[of-{name}\] POST {path} 200 \S+ms key={name} tokens={used}$", locked.server.log, re.MULTILINE)


def test_a_refusal_is_counted_by_name_and_a_wrong_key_under_none(locked: Service) -> None:

    def counted() -> tuple[float, float]:
        metric = locked.server.metric
        return (
            metric("duobento_key_requests_total", key="none", status="401"),
            metric("duobento_key_requests_total", key="web", status="504"),
        )

    wrong, refused = counted()
    assert locked.post_with({"Authorization": "Bearer no-key"}, "heron").status_code == 401
    assert (
        locked.post_with({"Authorization": "Bearer third-key", "X-Request-Timeout": "1e-9"}, "a new heron").status_code
        == 504
    )
    wait_for(lambda: counted() == (wrong + 1, refused + 1), "both are counted")


def test_a_key_is_neither_its_name_nor_both(locked: Service) -> None:
    for key in ("web", "web:third-key"):
        assert locked.post_with({"Authorization": f"Bearer {key}"}, "heron").status_code == 401


def test_no_series_has_a_key(locked: Service) -> None:
    shown = locked.server.client.get("/metrics").text
    assert not any(key in shown for key in LOCKED_KEYS)


def test_keys_are_never_logged(locked: Service) -> None:
    test_each_key_opens(locked, LOCKED_KEYS[0])
    assert not any(key in locked.server.log for key in LOCKED_KEYS)


def _used(service: Service, name: str) -> tuple[float, float]:
    """Answered requests and tokens of a key."""
    metric = service.server.metric
    return metric("duobento_key_requests_total", key=name, status="200"), metric("duobento_key_tokens_total", key=name)
