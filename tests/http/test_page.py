"""What the page at `GET /` loads, and what of it needs a key."""

import pytest

from tests.http.services import Service, problem
from tests.http.shared import LOCKED_KEYS


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_pages_may_load_only_their_own_files(embed: Service, path: str) -> None:
    policy = embed.server.client.get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/", "/page/page.css", "/page/service.js", "/page/icon.svg"])
def test_the_page_needs_no_key(locked: Service, path: str) -> None:
    answer = locked.server.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("POST", "{native}"), ("GET", "/docs"), ("POST", "/page/page.css")]
)
def test_what_the_page_calls_needs_the_key(locked: Service, method: str, path: str) -> None:
    answer = locked.server.client.request(method, path.format(native=locked.kind.path))
    assert answer.status_code == 401


def test_an_unknown_file_is_404(locked: Service) -> None:
    assert problem(locked.server.client.get("/page/nothing.js")) == (404, "not_found", None)


def test_no_file_outside_the_page_is_given_out(locked: Service) -> None:
    headers = {"Authorization": f"Bearer {LOCKED_KEYS[0]}"}
    assert locked.server.client.get("/page/..%2froutes.py", headers=headers).status_code == 404
