"""Calls from pages of other origins: none by default, those of named origins by setting."""

import pytest

from tests.http.services import Service
from tests.http.shared import LOCKED_KEYS, LOCKED_ORIGIN

PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,x-request-timeout",
}


def test_a_browser_may_ask_for_permission_without_a_key(locked: Service) -> None:
    headers = {**PREFLIGHT, "Origin": LOCKED_ORIGIN}
    answer = locked.server.client.options(locked.kind.path, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == LOCKED_ORIGIN
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "x-request-timeout"} <= allowed


def test_a_page_of_the_named_origin_may_read_the_answer(locked: Service) -> None:
    answer = locked.post_with({"Origin": LOCKED_ORIGIN, "Authorization": f"Bearer {LOCKED_KEYS[0]}"}, "heron")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == LOCKED_ORIGIN
    assert {"Retry-After", "X-Truncated", "X-Input-Type", "X-Chunked"} <= set(
        answer.headers["Access-Control-Expose-Headers"].split(", ")
    )


def test_a_page_of_the_named_origin_may_read_that_its_key_is_missing(locked: Service) -> None:
    answer = locked.post_with({"Origin": LOCKED_ORIGIN}, "heron")
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == LOCKED_ORIGIN


def test_a_page_of_another_origin_may_not(locked: Service) -> None:
    headers = {**PREFLIGHT, "Origin": "https://elsewhere.example"}
    answer = locked.server.client.options(locked.kind.path, headers=headers)
    assert answer.status_code == 400
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_without_the_setting_no_page_may(service: Service, method: str) -> None:
    headers = {**PREFLIGHT, "Origin": LOCKED_ORIGIN}
    answer = service.server.client.request(method, service.kind.path, headers=headers, json=service.kind.body("heron"))
    assert "Access-Control-Allow-Origin" not in answer.headers
