"""`GET /v1/models` through the gateway: each service lists its own models, and one that is down makes no list fail.

Of a text's tokens, too, each service has its own.
"""

from typing import Any

import pytest

from tests.gateway.nginx import CLOSED_PORT, Gateway
from tests.http.services import EMBED, RERANK, Service

PATHS = ["/v1/models", "/models"]


def names(gateway: Gateway, path: str) -> list[str]:
    """Ids of the models that a list has."""
    answer = gateway.client.get(path)
    assert answer.status_code == 200, answer.text
    listed: dict[str, Any] = answer.json()
    assert listed["object"] == "list"
    assert listed["data"] == listed["models"]
    return [model["id"] for model in listed["data"]]


@pytest.mark.parametrize("path", PATHS)
def test_the_endpoint_says_whose_models_are_listed(gateway: Gateway, path: str) -> None:
    assert names(gateway, path) == [EMBED.model]
    assert names(gateway, f"{path}?endpoint=embed") == [EMBED.model]
    assert names(gateway, f"{path}?endpoint=rerank") == [RERANK.model]


def test_one_model_is_found_by_its_name(gateway: Gateway) -> None:
    found = gateway.client.get(f"/v1/models/{RERANK.model}?endpoint=rerank").json()
    assert (found["id"], found["endpoints"]) == (RERANK.model, ["rerank"])


@pytest.mark.parametrize(
    ("path", "body"),
    [("/tokenize", {"inputs": "heron"}), ("/decode", {"ids": [101]}), ("/v1/tokenize", {"text": "heron"})],
)
def test_the_endpoint_says_whose_tokens_they_are(
    gateway: Gateway, embed: Service, rerank: Service, path: str, body: dict[str, Any]
) -> None:
    for service, query in ((embed, ""), (embed, "?endpoint=embed"), (rerank, "?endpoint=rerank")):
        sent = body | {"model": service.kind.model}
        through, direct = gateway.client.post(path + query, json=sent), service.server.client.post(path, json=sent)
        assert (through.status_code, through.json()) == (200, direct.json())


@pytest.mark.parametrize("path", PATHS)
def test_while_rerank_is_down_its_list_is_empty(without_rerank: Gateway, path: str) -> None:
    assert names(without_rerank, path) == [EMBED.model]
    assert names(without_rerank, f"{path}?endpoint=rerank") == []


@pytest.mark.parametrize("path", PATHS)
def test_while_embed_is_down_the_reranker_is_listed(without_embed: Gateway, path: str) -> None:
    assert names(without_embed, path) == [RERANK.model]
    assert names(without_embed, f"{path}?endpoint=embed") == []


def test_while_both_are_down_it_is_an_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Gateway(tmp_path_factory.mktemp("alone"), CLOSED_PORT, CLOSED_PORT) as gateway:
        answer = gateway.client.get("/v1/models")
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "server_error")
