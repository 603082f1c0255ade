"""The published npm packages of Cohere, OpenAI and Voyage, unmodified, through the gateway."""

import base64
from typing import Any

import numpy as np
import pytest

from tests.clients.busy import SOON, full_queue_until_refused
from tests.clients.conftest import EMBED_ALIAS, KEY, OPENAI_ALIAS, RERANK_ALIAS, Guarded
from tests.clients.node import Node
from tests.gateway.nginx import Gateway
from tests.http import reference
from tests.http.services import EMBED, RERANK, Service

TEXTS = ["The heron waits.", "How does a heron hunt?", "office hours"]
"""As in the scripts."""


@pytest.fixture(scope="module")
def cohere(node: Node, gateway: Gateway) -> dict[str, Any]:
    return node.report("cohere.mjs", _open(gateway))


@pytest.fixture(scope="module")
def openai(node: Node, gateway: Gateway) -> dict[str, Any]:
    return node.report("openai.mjs", _open(gateway))


@pytest.fixture(scope="module")
def voyage(node: Node, gateway: Gateway) -> dict[str, Any]:
    return node.report("voyage.mjs", _open(gateway))


@pytest.fixture(scope="module")
def expected(embed: Service) -> Any:
    """Vectors of `TEXTS` from the native route."""
    return embed.post(*TEXTS).json()["embeddings"]


def test_cohere_embeds_all_input_types(cohere: dict[str, Any], expected: Any) -> None:
    assert len(cohere["v1InputTypes"]) == 4
    for vectors in cohere["v1InputTypes"]:
        assert reference.least_cosine(vectors, expected) >= 0.999999


@pytest.mark.parametrize("call", ["v1Embed", "v2Embed"])
def test_cohere_embeds_in_all_types(cohere: dict[str, Any], expected: Any, call: str) -> None:
    answer = cohere[call]
    assert answer["texts"] == TEXTS
    embeddings = answer["embeddings"]
    assert reference.least_cosine(embeddings["float"], expected) >= 0.999999
    assert {len(embeddings[form][0]) for form in ("int8", "uint8")} == {384}
    assert {len(embeddings[form][0]) for form in ("binary", "ubinary")} == {48}
    decoded = [np.frombuffer(base64.b64decode(vector), "<f4") for vector in embeddings["base64"]]
    assert reference.least_cosine(decoded, expected) >= 0.999999


def test_cohere_reranks(cohere: dict[str, Any], rerank: Service) -> None:
    ranked = rerank.post(*TEXTS, query="How does a heron hunt?").json()["results"]
    order = [result["index"] for result in ranked]
    of_v1 = cohere["v1Rerank"]["results"]
    assert [(result["index"], result["document"]["text"]) for result in of_v1] == [
        (index, TEXTS[index]) for index in order
    ]
    assert [result["index"] for result in cohere["v2Rerank"]["results"]] == order[:2]


def test_cohere_tokenizes(cohere: dict[str, Any]) -> None:
    assert cohere["tokenize"]["tokenStrings"] == ["the", "heron", "waits"]
    assert cohere["checkApiKey"]["valid"] is True


def test_cohere_errors_are_typed(cohere: dict[str, Any]) -> None:
    assert (cohere["unknownModel"]["error"], cohere["unknownModel"]["status"]) == ("NotFoundError", 404)
    assert (cohere["tooManyTexts"]["error"], cohere["tooManyTexts"]["status"]) == ("BadRequestError", 400)
    assert "at most 96" in cohere["tooManyTexts"]["message"]


@pytest.mark.parametrize("call", ["embed", "floats"])
def test_openai_embeds(openai: dict[str, Any], expected: Any, call: str) -> None:
    answer = openai[call]
    assert answer["usage"]["total_tokens"] > 0
    assert reference.least_cosine([item["embedding"] for item in answer["data"]], expected) >= 0.999999


def test_openai_embeds_one_string(openai: dict[str, Any], expected: Any) -> None:
    [item] = openai["oneString"]["data"]
    assert reference.least_cosine([item["embedding"]], expected[:1]) >= 0.999999


def test_openai_lists_models(openai: dict[str, Any]) -> None:
    assert [model["id"] for model in openai["models"]] == [EMBED.model]


def test_openai_errors_are_typed(openai: dict[str, Any]) -> None:
    assert (openai["unknownModel"]["error"], openai["unknownModel"]["status"]) == ("NotFoundError", 404)
    assert (openai["dimensions"]["error"], openai["dimensions"]["status"]) == ("BadRequestError", 400)


@pytest.mark.parametrize(
    ("script", "call", "error"),
    [
        ("cohere.mjs", "v2Embed", "UnauthorizedError"),
        ("cohere.mjs", "v2Rerank", "UnauthorizedError"),
        ("openai.mjs", "embed", "AuthenticationError"),
    ],
)
def test_a_wrong_key(node: Node, guarded: Guarded, script: str, call: str, error: str) -> None:
    found = node.report(script, _guarded(guarded, script) | {"CALLS": call, "API_KEY": "wrong"})
    assert (found[call]["error"], found[call]["status"]) == (error, 401)


@pytest.mark.parametrize(
    ("script", "call", "path"),
    [
        ("cohere.mjs", "v2Embed", "/v2/embed"),
        ("cohere.mjs", "v2Rerank", "/v2/rerank"),
        ("openai.mjs", "embed", "/v1/embeddings"),
    ],
)
def test_a_full_queue_is_tried_again_until_served(
    node: Node, guarded: Guarded, script: str, call: str, path: str
) -> None:
    service = guarded.rerank if path.endswith("rerank") else guarded.embed
    with full_queue_until_refused(service, path, texts=SOON):
        found = node.report(script, _guarded(guarded, script) | {"CALLS": call, "MAX_RETRIES": "60"})
    assert "error" not in found[call]


@pytest.mark.parametrize("call", ["embed", "embedAtItsOwnPath"])
def test_voyage_embeds(voyage: dict[str, Any], expected: Any, call: str) -> None:
    vectors = [item["embedding"] for item in voyage[call]["data"]]
    assert reference.least_cosine(vectors, expected) >= 0.999999


def test_voyage_truncates_by_default(voyage: dict[str, Any]) -> None:
    assert voyage["truncated"]["usage"] == {"totalTokens": 256}
    assert voyage["tooLong"]["status"] == 400
    assert "truncation is refused" in voyage["tooLong"]["message"]


def test_voyage_embeds_in_fewer_bits(voyage: dict[str, Any]) -> None:
    assert [len(item["embedding"]) for item in voyage["binary"]["data"]] == [48, 48, 48]


def test_voyage_refuses_an_unknown_model(voyage: dict[str, Any]) -> None:
    assert voyage["unknownModel"]["status"] == 400
    assert EMBED.model in voyage["unknownModel"]["message"]


def test_voyage_reranks(voyage: dict[str, Any], rerank: Service) -> None:
    ranked = rerank.post(*TEXTS, query="How does a heron hunt?").json()["results"]
    order = [result["index"] for result in ranked]
    assert [result["index"] for result in voyage["rerank"]["data"]] == order
    assert [(result["index"], result["document"]) for result in voyage["rerankAtItsOwnPath"]["data"]] == [
        (index, TEXTS[index]) for index in order[:2]
    ]


def _open(gateway: Gateway) -> dict[str, str]:
    return {"GATEWAY_URL": gateway.url, "API_KEY": "none", "EMBED_MODEL": EMBED.model, "RERANK_MODEL": RERANK.model}


def _guarded(guarded: Guarded, script: str) -> dict[str, str]:
    alias = OPENAI_ALIAS if script == "openai.mjs" else EMBED_ALIAS
    return {"GATEWAY_URL": guarded.url, "API_KEY": KEY, "EMBED_MODEL": alias, "RERANK_MODEL": RERANK_ALIAS}
