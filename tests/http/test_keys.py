"""Where keys are set, only their holders are answered."""

import httpx
import pytest

from tests.http.server import wait_for
from tests.http.services import Service, problem
from tests.http.shared import LOCKED_KEYS


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


def test_keys_are_never_logged(locked: Service) -> None:
    test_each_key_opens(locked, LOCKED_KEYS[0])
    assert not any(key in locked.server.log for key in LOCKED_KEYS)
