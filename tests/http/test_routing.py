"""Requests as uptime monitors and people with two ports send them: HEAD, and the right path on the wrong service."""

import re

import pytest

from tests.http.dialects.error_shapes import cohere_error, openai_error, sentence, tei_error, voyage_error
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
                assert answer.status_code == 404
                message = sentence(answer)
                assert message.startswith(f"{path} is a path of {other.kind.name}, by default on port ")
                assert PORTS[other.kind.name] in message
                assert asked.kind.name in message


@pytest.mark.parametrize("path", ["/nowhere", "/api/generate", "/v1/chat/completions", "/" + "x" * 10_000])
def test_a_path_like_none_of_either_service_is_404_and_says_where_all_are_listed(service: Service, path: str) -> None:
    answer = service.server.client.post(path, json={})
    assert problem(answer) == (404, "not_found", None)
    assert answer.json()["error"]["message"].startswith(f"There is no path {path[:63]}")
    assert answer.json()["error"]["message"].endswith(" here: GET /docs lists all.")


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/embed/", "/embed"),
        ("/v1/embeddings/", "/v1/embeddings"),
        ("//v1/embeddings", "/v1/embeddings"),
        ("/v1/v1/embeddings", "/v1/embeddings"),
        ("/v1/embeddings/embeddings", "/v1/embeddings"),
        ("/V1/Embeddings", "/v1/embeddings"),
        ("/v1/embedding", "/v1/embeddings"),
        ("/v1//embed/", "/v1/embed"),
        ("/v3/embed", "/v2/embed or /v1/embed"),
        ("/api/v1/embeddings", "/v1/embeddings"),
        ("/encode/", "/encode"),
        ("/health/", "/health"),
        ("/docs/", "/docs"),
    ],
)
def test_a_slip_in_a_path_is_404_and_the_right_one_named(embed: Service, path: str, meant: str) -> None:
    url = embed.server.url + path  # httpx would take two slashes for a host's
    for answer in (embed.server.client.post(url, json={}), embed.server.client.get(url)):
        assert answer.status_code == 404
        assert f"There is no path {path}: did you mean {meant}?" in answer.text


def test_it_is_named_in_the_words_of_the_dialect_that_was_meant(embed: Service, rerank: Service) -> None:
    assert cohere_error(embed.server.client.post("/v2/embed/", json={}))[0] == 404
    assert openai_error(embed.server.client.post("/v1/v1/embeddings", json={}))["status"] == 404
    assert voyage_error(rerank.server.client.post("/voyage/v1/rerank/", json={}))[0] == 404
    assert tei_error(rerank.server.client.post("/predict/", json={}))[0] == 404


def test_an_unknown_path_among_those_of_one_dialect_is_404_in_its_words(embed: Service, rerank: Service) -> None:
    assert voyage_error(embed.server.client.post("/voyage/v1/contextualizedembeddings", json={}))[0] == 404
    assert voyage_error(rerank.server.client.post("/voyage/v1/multimodalembeddings", json={}))[0] == 404
    assert cohere_error(embed.server.client.post("/v2/chat", json={}))[0] == 404
    assert tei_error(embed.server.client.post("/tei/embed_sparse", json={}))[0] == 404


def test_so_is_a_path_of_the_other_service(embed: Service, rerank: Service) -> None:
    assert voyage_error(embed.server.client.post("/voyage/v1/rerank", json={}))[0] == 404
    assert cohere_error(rerank.server.client.post("/v2/embed", json={}))[0] == 404
    assert tei_error(embed.server.client.post("/tei/rerank", json={}))[0] == 404
    assert problem(rerank.server.client.post("/v1/embeddings", json={})) == (404, "not_found", None)


@pytest.mark.parametrize("path", ["/v1/rerank/", "//rerank", "/v1/v1/score"])
def test_a_slip_in_a_path_of_the_other_service_names_both(embed: Service, path: str) -> None:
    message = embed.server.client.post(embed.server.url + path, json={}).json()["error"]["message"]
    assert re.fullmatch(
        f"There is no path {path}: did you mean (.*)\\? \\1 is a path of rerank-service, by default on port 5556; "
        "this is embed-service.",
        message,
    )


def test_a_list_of_models_with_a_slash_behind_it_is_told_so(service: Service) -> None:
    answer = service.server.client.get("/v1/models/")
    assert answer.status_code == 404
    assert "without the slash" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/embeddings", "POST"),
        ("PUT", "/", "GET, HEAD, POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("POST", "/v1/models/heron", "GET"),
        ("DELETE", "/health", "GET, HEAD"),
        ("GET", "/encode", "POST"),
    ],
)
def test_a_wrong_method_is_405_and_the_sentence_says_what_the_path_takes(
    embed: Service, method: str, path: str, allowed: str
) -> None:
    answer = embed.server.client.request(method, path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert f"{path} takes {allowed.replace(', ', ' or ')}, not {method}." in answer.text


def paths(service: Service) -> set[str]:
    """All paths of a service, with a value in the place of each parameter; BentoML's own are not in the document."""
    declared = service.server.client.get("/openapi.json").json()["paths"]
    own = {EMBED.name: "/encode", RERANK.name: "/score"}[service.kind.name]
    return {re.sub(r"\{.*\}", "heron/x", path) for path in [*declared, own]}
