"""Requests of Jina's clients and of vLLM's, which share its fields."""

from typing import Any

import pytest

from tests.clients.embed_requests import CHINESE, OF_E5, TEXT, native, openai, same, send
from tests.http.services import Service
from tests.http.shared import E5

JINA: dict[str, Any] = {
    "model": E5,
    "task": "retrieval.passage",
    "embedding_type": "float",
    "normalized": True,
    "truncate": True,
}
"""As jina-ai-provider sends it."""


def test_jinas_clients_send_objects_and_a_task(e5: Service) -> None:
    right = native(e5, TEXT, input_type="passage")
    assert same(openai(e5, input=[{"text": TEXT}], **JINA), right)
    assert same(openai(e5, input={"text": TEXT}, **JINA | {"late_chunking": False}), right)
    assert same(openai(e5, **JINA | {"task": "retrieval.query"}), native(e5, TEXT, input_type="query"))


@pytest.mark.parametrize("kind", ["base64", "binary", "ubinary", "int8", "uint8", ["binary"]], ids=str)
def test_their_types_are_those_of_all_dialects(e5: Service, kind: Any) -> None:
    wanted = kind if isinstance(kind, str) else kind[0]
    cohere = {"texts": [TEXT], "input_type": "search_document", "embedding_types": [wanted]}
    right = send(e5, "/v1/embed", cohere).json()["embeddings"][wanted]
    assert openai(e5, **JINA | {"embedding_type": kind}) == right


def test_their_truncate_is_a_boolean(e5: Service) -> None:
    body = {"input": [{"text": CHINESE}], **JINA}
    assert send(e5, "/v1/embeddings", body).headers["X-Truncated"] == "0"
    assert e5.server.client.post("/v1/embeddings", json=body | {"truncate": False}).status_code == 400


@pytest.mark.parametrize(
    "field",
    [
        {"late_chunking": True},
        {"return_multivector": True},
        {"modality": "image"},
        {"add_special_tokens": False},
        {"embed_dtype": "float16"},
        {"endianness": "big"},
        {"instruction": "Represent the text"},
        {"embedding_type": ["float", "int8"]},
        {"task": "retrieval.query", "input_type": "passage"},
        {"truncate_prompt_tokens": 9, "truncate": "none"},
    ],
    ids=str,
)
def test_what_would_change_the_result_and_is_not_there_is_refused(e5: Service, field: dict[str, Any]) -> None:
    answer = e5.server.client.post("/v1/embeddings", json=OF_E5 | field)
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_vllms_clients_cut_by_tokens(e5: Service) -> None:
    long = "heron " * 50
    for side, ours in (("right", "end"), ("left", "start")):
        body = {**OF_E5, "input": long, "truncate_prompt_tokens": 20, "truncation_side": side}
        answer = send(e5, "/v1/embeddings", body)
        assert (answer.json()["usage"]["total_tokens"], answer.headers["X-Truncated"]) == (20, "0"), ours
    assert "X-Truncated" not in send(e5, "/v1/embeddings", {**OF_E5, "truncate_prompt_tokens": -1}).headers
    assert send(e5, "/v1/embeddings", {**OF_E5, "input": CHINESE, "truncate_prompt_tokens": 100_000}).headers[
        "X-Truncated"
    ]


@pytest.mark.parametrize("content", [b'{"input": "heron", "task": "no such"}', b"{", b'{"input": "heron", "input": 1}'])
def test_jinas_clients_read_detail_of_an_error(embed: Service, content: bytes) -> None:
    answer = embed.server.client.post("/v1/embeddings", content=content)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] in answer.json()["detail"]
