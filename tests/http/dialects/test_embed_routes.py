"""Every embed route gives the same vector for the same text and input type, within the same deadline."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import numpy as np
import pytest

from tests.http import reference
from tests.http.services import Service
from tests.http.shared import E5

SAME = 0.999999
TEXTS = ["heron", "How does a heron hunt?", "アオサギは浅瀬でじっと魚を待つ。", "the heron waits " * 40]
VENDORS_NAME = {"query": "search_query", "passage": "search_document"}
VOYAGES_NAME = {"query": "query", "passage": "document"}

Body = Callable[[list[str], str], dict[str, Any]]
Vectors = Callable[[Any], Any]

ROUTERS: Mapping[str, tuple[str, Body, Vectors]] = {
    "Cohere v1": (
        "/v1/embed",
        lambda texts, kind: {"texts": texts, "input_type": VENDORS_NAME[kind]},
        lambda answer: answer["embeddings"],
    ),
    "Cohere v2": (
        "/v2/embed",
        lambda texts, kind: {"model": E5, "texts": texts, "input_type": VENDORS_NAME[kind]},
        lambda answer: answer["embeddings"]["float"],
    ),
    "OpenAI": (
        "/v1/embeddings",
        lambda texts, kind: {"model": E5, "input": texts, "input_type": kind},
        lambda answer: [item["embedding"] for item in answer["data"]],
    ),
    "Jina": (
        "/v1/embeddings",
        lambda texts, kind: {"model": E5, "input": [{"text": text} for text in texts], "task": f"retrieval.{kind}"},
        lambda answer: [item["embedding"] for item in answer["data"]],
    ),
    "NVIDIA NIM": (
        "/v1/embeddings",
        lambda texts, kind: {"model": E5, "input": texts, "input_type": kind, "truncate": "NONE", "modality": ["text"]},
        lambda answer: [item["embedding"] for item in answer["data"]],
    ),
    "vLLM, Infinity": (
        "/embeddings",
        lambda texts, kind: {"model": E5, "input": texts, "prompt_name": kind, "use_activation": True},
        lambda answer: [item["embedding"] for item in answer["data"]],
    ),
    "OpenAI, by the model's name": (
        "/v1/embeddings",
        lambda texts, kind: {"model": f"e5-{kind}", "input": texts},
        lambda answer: [item["embedding"] for item in answer["data"]],
    ),
    "Voyage": (
        "/v1/embeddings",
        lambda texts, kind: {"model": E5, "input": texts, "input_type": VOYAGES_NAME[kind], "truncation": True},
        lambda answer: [item["embedding"] for item in answer["data"]],
    ),
    "TEI": ("/embed", lambda texts, kind: {"inputs": texts, "prompt_name": kind}, lambda answer: answer),
    "TEI, first path": ("/", lambda texts, kind: {"inputs": texts, "prompt_name": kind}, lambda answer: answer),
}


@pytest.fixture(params=ROUTERS)
def route(request: pytest.FixtureRequest) -> tuple[str, Body, Vectors]:
    return ROUTERS[request.param]


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_all_routes_give_the_same_vectors(e5: Service, route: tuple[str, Body, Vectors], kind: str) -> None:
    path, body, vectors = route
    native = e5.post(*TEXTS, input_type=kind).json()["embeddings"]
    answer = e5.server.client.post(path, json=body(TEXTS, kind)).json()
    assert reference.least_cosine(vectors(answer), native) >= SAME


@pytest.mark.parametrize("kind", ["classification", "clustering"])
def test_cohere_embeds_for_symmetric_tasks_as_queries(e5: Service, kind: str) -> None:
    native = e5.post(*TEXTS, input_type="query").json()["embeddings"]
    answer = e5.server.client.post("/v1/embed", json={"texts": TEXTS, "input_type": kind}).json()
    assert reference.least_cosine(answer["embeddings"], native) >= SAME


def test_a_route_without_an_input_type_takes_the_default_of_the_settings(e5: Service) -> None:
    native = e5.post(*TEXTS).json()["embeddings"]
    cohere = e5.server.client.post("/v1/embed", json={"texts": TEXTS}).json()["embeddings"]
    openai = e5.server.client.post("/v1/embeddings", json={"model": E5, "input": TEXTS}).json()["data"]
    for vectors in (cohere, [item["embedding"] for item in openai]):
        assert reference.least_cosine(vectors, native) >= SAME


def test_every_route_counts_the_tokens_that_the_model_saw(e5: Service) -> None:
    native = e5.post(*TEXTS, input_type="passage").json()["tokens"]
    cohere = e5.server.client.post("/v1/embed", json=ROUTERS["Cohere v1"][1](TEXTS, "passage")).json()
    openai = e5.server.client.post("/v1/embeddings", json=ROUTERS["OpenAI"][1](TEXTS, "passage")).json()
    assert cohere["meta"]["billed_units"] == {"input_tokens": native}
    assert openai["usage"] == {"prompt_tokens": native, "total_tokens": native}


def test_token_ids_are_read_as_the_text_that_they_decode_to(e5: Service) -> None:
    client = e5.server.client
    tokens = [client.post("/v1/tokenize", json={"text": text, "model": E5}).json()["tokens"] for text in TEXTS]
    native = e5.post(*TEXTS).json()["embeddings"]
    tei = client.post("/embed", json={"inputs": [tokens[0], *TEXTS[1:]], "prompt_name": "query"}).json()
    assert reference.least_cosine(tei, native) >= SAME


def test_ids_of_one_text_need_no_list_around_them(e5: Service) -> None:
    tokens = e5.server.client.post("/v1/tokenize", json={"text": "heron", "model": E5}).json()["tokens"]
    tei = e5.server.client.post("/embed", json={"inputs": tokens}).json()
    assert np.shape(tei[0]) == (384,)


def test_a_passed_deadline_is_504_at_every_route(e5: Service, route: tuple[str, Body, Vectors]) -> None:
    path, body, _ = route
    headers = {"X-Request-Timeout": "1e-9"}
    answer: httpx.Response = e5.server.client.post(path, json=body(["heron"], "query"), headers=headers)
    assert answer.status_code == 504


def test_unknown_fields_are_ignored_at_every_route(e5: Service, route: tuple[str, Body, Vectors]) -> None:
    path, body, _ = route
    assert e5.server.client.post(path, json={**body(["heron"], "query"), "heron": True}).status_code == 200


@pytest.mark.parametrize("field", [{"instruction": "Find"}, {"dimensions": 7}, {"late_chunking": True}], ids=str)
def test_fields_of_any_vendor_that_would_change_the_vectors_are_never_ignored(
    e5: Service, route: tuple[str, Body, Vectors], field: dict[str, object]
) -> None:
    path, body, _ = route
    assert e5.server.client.post(path, json=body(["heron"], "query") | field).status_code in (400, 422)
    nothing = dict.fromkeys(field)
    assert e5.server.client.post(path, json=body(["heron"], "query") | nothing).status_code == 200


def test_openapi_describes_every_route(e5: Service, route: tuple[str, Body, Vectors]) -> None:
    described = e5.server.client.get("/openapi.json").json()["paths"]
    assert described[route[0]]["post"]["requestBody"]
