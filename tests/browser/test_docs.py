"""`GET /docs` lists every route without any other host."""

from tests.browser.conftest import Open
from tests.http.services import Service


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
