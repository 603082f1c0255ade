"""Where keys are set, only their holders are answered."""

import httpx
import pytest

from tests.http.conftest import LOCKED_KEYS
from tests.http.services import Service, problem


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


def test_keys_are_never_logged(locked: Service) -> None:
    test_each_key_opens(locked, LOCKED_KEYS[0])
    assert not any(key in locked.server.log for key in LOCKED_KEYS)
