"""`GET /docs` lists every route without any other host, and both pages allow nothing else."""

import pytest

from tests.browser.conftest import KEY, Open
from tests.http.services import Service, problem


def test_every_route_is_listed_and_none_is_taken_from_elsewhere(embed: Service, rerank: Service, visit: Open) -> None:
    for service in (embed, rerank):
        opened = visit(service, "/docs")
        opened.page.locator(".opblock").first.wait_for()
        listed = opened.page.locator("[data-path]").evaluate_all("paths => paths.map(path => path.dataset.path)")
        assert set(listed) == set(service.server.client.get("/openapi.json").json()["paths"])
        opened.page.locator(".opblock", has_text="/info").locator("button").first.click()
        opened.page.get_by_text("Try it out").click()
        opened.page.get_by_text("Execute").click()
        opened.page.locator(".live-responses-table", has_text=service.kind.model).wait_for()
        assert opened.complaints == []


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_pages_may_load_only_their_own_files(embed: Service, path: str) -> None:
    policy = embed.server.client.get(path).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/", "/page/page.css", "/page/service.js", "/page/icon.svg"])
def test_the_page_needs_no_key(keyed: Service, path: str) -> None:
    answer = keyed.server.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_the_page_calls_needs_the_key(keyed: Service) -> None:
    for method, path in [("POST", "/"), ("POST", keyed.kind.path), ("GET", "/docs"), ("POST", "/page/page.css")]:
        answer = keyed.server.client.request(method, path)
        assert answer.status_code == 401, path


def test_an_unknown_file_is_404(keyed: Service) -> None:
    assert problem(keyed.server.client.get("/page/nothing.js")) == (404, "not_found", None)
    headers = {"Authorization": f"Bearer {KEY}"}
    assert keyed.server.client.get("/page/..%2froutes.py", headers=headers).status_code == 404
