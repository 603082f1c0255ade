"""Requests as uptime monitors and people with two ports send them: HEAD, and the right path on the wrong service."""

import re

import pytest

from tests.http.services import EMBED, RERANK, Service, problem

READABLE = ["/live", "/ready", "/health", "/info", "/metrics", "/", "/docs", "/openapi.json", "/page/icon.svg"]
PORTS = {EMBED.name: "5555", RERANK.name: "5556"}


@pytest.mark.parametrize("path", READABLE)
def test_head_is_answered_as_get_without_its_body(service: Service, path: str) -> None:
    head, get = service.server.client.head(path), service.server.client.get(path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers.keys() == get.headers.keys()
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert int(head.headers["Content-Length"]) > 0


@pytest.mark.parametrize(("path", "status"), [("/v1/models", 200), ("/v1/models/heron", 404)])
def test_head_of_models_is_answered_as_get(embed: Service, path: str, status: int) -> None:
    assert embed.server.client.head(path).status_code == embed.server.client.get(path).status_code == status


def test_head_where_there_is_no_get_is_405(service: Service) -> None:
    assert service.server.client.head(service.kind.path).status_code == 405


def test_after_a_head_the_connection_goes_on(service: Service) -> None:
    for _ in range(3):
        assert service.server.client.head("/docs").status_code == 200
        assert service.server.client.get("/live").json() == {"status": "ok"}


def test_head_is_counted_under_its_route(service: Service) -> None:
    before = service.server.metric("duobento_requests_total", route="/health", status="200")
    service.server.client.head("/health")
    assert service.server.metric("duobento_requests_total", route="/health", status="200") == before + 1


def test_the_page_is_open_to_head_and_the_rest_is_not(locked: Service) -> None:
    assert locked.server.client.head("/").status_code == 200
    assert locked.server.client.head("/info").status_code == 401


def test_all_paths_of_the_other_service_are_404_and_it_is_named(embed: Service, rerank: Service) -> None:
    for asked, other in ((embed, rerank), (rerank, embed)):
        own, others = paths(asked) | {"/"}, paths(other)  # at `/` both have their page
        assert others - own
        for path in others - own:
            for answer in (asked.server.client.post(path, json={}), asked.server.client.get(path)):
                assert problem(answer) == (404, "not_found", None)
                message = answer.json()["error"]["message"]
                assert message.startswith(f"{path} is a path of {other.kind.name}, by default on port ")
                assert PORTS[other.kind.name] in message
                assert asked.kind.name in message


@pytest.mark.parametrize("path", ["/nowhere", "/v3/rerank", "/embed/", "/rerank/x"])
def test_a_path_of_neither_service_is_a_plain_404(service: Service, path: str) -> None:
    answer = service.server.client.post(path, json={})
    assert problem(answer) == (404, "not_found", None)
    assert answer.json()["error"]["message"] == "Not Found"


def paths(service: Service) -> set[str]:
    """All paths of a service, with a value in the place of each parameter; BentoML's own are not in the document."""
    declared = service.server.client.get("/openapi.json").json()["paths"]
    own = {EMBED.name: "/encode", RERANK.name: "/score"}[service.kind.name]
    return {re.sub(r"\{.*\}", "heron/x", path) for path in [*declared, own]}
