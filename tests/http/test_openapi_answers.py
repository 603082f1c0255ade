"""Real answers of every route, in every status that it can have, are those that `/openapi.json` describes."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.http.openapi_document import Document
from tests.http.services import EMBED, JSON, RERANK, Kind, Service
from tests.http.shared import FRAIL_BODY_BYTES, POISON

EMBEDDING_TYPES = ["float", "int8", "uint8", "binary", "ubinary", "base64"]
TEXTS = ["a heron", "a stork"]

Calls = Mapping[tuple[str, str], list[dict[str, Any]]]

OF_BOTH: Calls = {
    ("GET", path): [{}]
    for path in (
        *("/live", "/ready", "/health", "/info", "/metrics"),
        *("/v1/models", "/v1/models/{model}", "/models", "/models/{model}"),
    )
}
OF_EMBED: Calls = {
    ("POST", "/embed"): [
        {"text": "a heron"},
        {"texts": TEXTS, "input_type": "query", "encoding_format": "base64"},
    ],
    ("POST", "/v1/embed"): [
        {"texts": TEXTS, "input_type": "search_query"},
        {"texts": TEXTS, "input_type": "search_query", "embedding_types": EMBEDDING_TYPES},
    ],
    ("POST", "/v2/embed"): [
        {"model": EMBED.model, "texts": TEXTS, "input_type": "search_query", "embedding_types": EMBEDDING_TYPES},
    ],
    ("POST", "/v1/tokenize"): [{"text": "a heron", "model": EMBED.model}],
    ("POST", "/v1/detokenize"): [{"tokens": [1037, 22860], "model": EMBED.model}],
    ("POST", "/v1/check-api-key"): [{}],
    ("POST", "/v1/embeddings"): [
        {"input": TEXTS, "model": EMBED.model},
        {"input": "a heron", "model": EMBED.model, "encoding_format": "base64"},
    ],
    ("POST", "/embeddings"): [
        {"input": [{"text": "a heron"}], "embedding_type": "int8"},
        {"input": "a heron", "embedding_type": "ubinary", "encoding_format": "base64"},
    ],
    ("POST", "/tei/embed"): [{"inputs": TEXTS}],
    ("POST", "/similarity"): [{"inputs": {"source_sentence": "a heron", "sentences": TEXTS}}],
    ("POST", "/tokenize"): [{"inputs": TEXTS}, {"inputs": "a heron", "add_special_tokens": False}],
    ("POST", "/decode"): [{"ids": [1037, 22860]}, {"ids": [[1037], [22860]], "skip_special_tokens": False}],
    ("POST", "/voyage/v1/embeddings"): [
        {"input": TEXTS, "model": EMBED.model, "truncation": True},
        {"input": "a heron", "model": EMBED.model, "output_dtype": "int8"},
        {"input": "a heron", "model": EMBED.model, "encoding_format": "base64"},
    ],
    ("POST", "/"): [{"inputs": "a heron"}],
    ("POST", "/encode"): [{"sentences": TEXTS}],
}
OF_RERANK: Calls = {
    ("POST", "/score"): [{"pairs": [["heron", "a heron"], ["heron", "a stork"]]}],
    ("POST", "/v1/tokenize"): [{"text": "a heron", "model": RERANK.model}],
    ("POST", "/v1/detokenize"): [{"tokens": [5, 6], "model": RERANK.model}],
    ("POST", "/v1/check-api-key"): [{}],
    ("POST", "/tokenize"): [{"inputs": TEXTS}],
    ("POST", "/decode"): [{"ids": [[5, 6], [7]]}],
    ("POST", "/rerank"): [
        {"query": "heron", "documents": TEXTS},
        {"query": "heron", "documents": [{"text": "a heron"}], "return_documents": False},
    ],
    ("POST", "/v1/rerank"): [
        {"model": RERANK.model, "query": "heron", "documents": TEXTS},
        {"model": RERANK.model, "query": "heron", "documents": TEXTS, "return_documents": True},
    ],
    ("POST", "/v2/rerank"): [{"model": RERANK.model, "query": "heron", "documents": TEXTS}],
    ("POST", "/v1/score"): [{"text_1": "heron", "text_2": TEXTS}, {"queries": TEXTS, "documents": TEXTS}],
    ("POST", "/v1/ranking"): [{"model": RERANK.model, "query": {"text": "heron"}, "passages": [{"text": "a heron"}]}],
    ("POST", "/predict"): [{"inputs": TEXTS}, {"inputs": [TEXTS, TEXTS]}],
    ("POST", "/tei/rerank"): [
        {"query": "heron", "texts": TEXTS},
        {"query": "heron", "texts": TEXTS, "return_text": True},
    ],
    ("POST", "/voyage/v1/rerank"): [
        {"model": RERANK.model, "query": "heron", "documents": TEXTS},
        {"model": RERANK.model, "query": "heron", "documents": TEXTS, "top_k": 1, "return_documents": True},
    ],
}
CALLS = {EMBED.name: {**OF_BOTH, **OF_EMBED}, RERANK.name: {**OF_BOTH, **OF_RERANK}}
# Routes that compute, each with a request of so many texts.
MANY: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "/embed": lambda texts: {"texts": texts},
    "/v1/embed": lambda texts: {"texts": texts, "input_type": "search_query"},
    "/v2/embed": lambda texts: {"model": EMBED.model, "texts": texts, "input_type": "search_query"},
    "/v1/embeddings": lambda texts: {"input": texts, "model": EMBED.model},
    "/embeddings": lambda texts: {"input": texts},
    "/tei/embed": lambda texts: {"inputs": texts},
    "/similarity": lambda texts: {"inputs": {"source_sentence": texts[0], "sentences": texts}},
    "/voyage/v1/embeddings": lambda texts: {"input": texts, "model": EMBED.model},
    "/": lambda texts: {"inputs": texts},
    "/rerank": lambda texts: {"query": "heron", "documents": texts},
    "/v1/rerank": lambda texts: {"model": RERANK.model, "query": "heron", "documents": texts},
    "/v2/rerank": lambda texts: {"model": RERANK.model, "query": "heron", "documents": texts},
    "/tei/rerank": lambda texts: {"query": "heron", "texts": texts},
    "/voyage/v1/rerank": lambda texts: {"model": RERANK.model, "query": "heron", "documents": texts},
    "/v1/score": lambda texts: {"text_1": "heron", "text_2": texts},
    "/v1/ranking": lambda texts: {
        "model": RERANK.model,
        "query": {"text": "heron"},
        "passages": [{"text": text} for text in texts],
    },
    "/predict": lambda texts: {"inputs": [["heron", text] for text in texts]},
}


def computing(kind: Kind) -> list[str]:
    """The routes of a service that compute."""
    return [path for path in MANY if path.endswith(("rerank", "score", "ranking", "predict")) == (kind is RERANK)]


def send(service: Service, method: str, path: str, **arguments: Any) -> httpx.Response:
    """Send a request to a route."""
    return service.server.client.request(method, path.replace("{model}", service.kind.model), **arguments)


def test_every_route_has_a_call_here(service: Service) -> None:
    assert CALLS[service.kind.name].keys() == Document.of(service).operations
    assert set(computing(service.kind)) <= {path for _, path in CALLS[service.kind.name]}


def test_answers(service: Service) -> None:
    document = Document.of(service)
    for (method, path), bodies in CALLS[service.kind.name].items():
        for body in bodies:
            answer = send(service, method, path, json=body if method == "POST" else None)
            assert answer.status_code == 200, (path, answer.text)
            document.check(method, path, answer)


def test_probes_before_the_model_is_loaded(service: Service) -> None:
    document = Document.of(service)
    for path in ("/ready", "/health"):
        assert service.early[path].status_code == 503
        document.check("GET", path, service.early[path])


def test_a_request_before_the_model_is_loaded(service: Service) -> None:
    assert service.early[service.kind.path].status_code == 503
    Document.of(service).check("POST", service.kind.path, service.early[service.kind.path])


@pytest.mark.parametrize(
    ("content", "headers"),
    [(b"{", JSON), (b"{}", JSON), (b"[]", JSON), (b"heron", {"Content-Type": "text/plain"})],
    ids=["malformed", "empty", "a list", "plain text"],
)
def test_wrong_bodies(service: Service, content: bytes, headers: dict[str, str]) -> None:
    document = Document.of(service)
    for path in computing(service.kind):
        answer = send(service, "POST", path, content=content, headers=headers)
        assert 400 <= answer.status_code < 500, path
        document.check("POST", path, answer)


def test_wrong_methods(service: Service) -> None:
    document = Document.of(service)
    described = document.operations
    for method, path in described:
        other = "PUT" if ("POST", path) in described and ("GET", path) in described else "PATCH"
        answer = send(service, other, path, json={})
        assert answer.status_code == 405, path
        document.check(method, path, answer)


def test_an_unknown_model(embed: Service) -> None:
    answer = embed.server.client.get("/v1/models/heron")
    assert answer.status_code == 404
    Document.of(embed).check("GET", "/v1/models/{model}", answer)


def test_a_passed_deadline(service: Service) -> None:
    document = Document.of(service)
    for path in computing(service.kind):
        answer = send(service, "POST", path, json=MANY[path](["a heron"]), headers={"X-Request-Timeout": "1e-9"})
        assert answer.status_code == 504, path
        document.check("POST", path, answer)


def test_a_missing_key(locked: Service) -> None:
    document = Document.of(locked, {"Authorization": "Bearer first-key"})
    exempt = {"/live", "/ready", "/health", "/metrics"}
    for method, path in document.operations:
        if path not in exempt:
            answer = send(locked, method, path)
            assert answer.status_code == 401, path
            document.check(method, path, answer)


def test_a_body_over_the_limit(frail: Service) -> None:
    document = Document.of(frail)
    for path in computing(frail.kind):
        answer = send(frail, "POST", path, content=b" " * (FRAIL_BODY_BYTES + 1), headers=JSON)
        assert answer.status_code in (400, 413), path
        document.check("POST", path, answer)


def test_a_full_queue(frail: Service) -> None:
    document = Document.of(frail)
    with frail.busy():
        for path in computing(frail.kind):
            answer = send(frail, "POST", path, json=MANY[path](["a heron"]))
            assert answer.status_code == 429, path
            document.check("POST", path, answer)


def test_a_fault_of_the_model(frail: Service) -> None:
    document = Document.of(frail)
    for path in computing(frail.kind):
        answer = send(frail, "POST", path, json=MANY[path]([POISON]))
        assert answer.status_code == (
            424 if path.startswith("/tei/") or path in ("/", "/predict", "/similarity") else 500
        ), path
        document.check("POST", path, answer)
