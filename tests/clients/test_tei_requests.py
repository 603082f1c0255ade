"""Requests of text-embeddings-inference's clients, and its routes beside /embed."""

from typing import Any

import numpy as np
import pytest

from tests.clients.embed_requests import CHINESE, TEXT, native, same, send
from tests.http.services import EMBED, Service
from tests.http.shared import E5


@pytest.mark.parametrize("path", ["/embed", "/"])
def test_haystacks_tei_embedders_want_vectors_as_the_model_makes_them(embed: Service, path: str) -> None:
    plain = send(embed, path, {"inputs": [TEXT], "normalize": False, "truncate": True}).json()
    assert same(plain, embed.post(TEXT).json()["embeddings"])
    assert np.linalg.norm(plain) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("path", "field", "rest"),
    [
        ("/v1/embeddings", "input", {"model": EMBED.model}),
        ("/v1/embeddings", "input", {"model": EMBED.model, "truncation": True}),
        ("/embed", "inputs", {}),
        ("/v1/embed", "texts", {}),
        ("/v2/embed", "texts", {"model": EMBED.model, "input_type": "search_query"}),
    ],
    ids=str,
)
def test_a_text_of_white_space_is_embedded_and_only_an_empty_one_refused(
    embed: Service, path: str, field: str, rest: dict[str, Any]
) -> None:
    for blank in (" ", "\n\t", "\u3000"):
        send(embed, path, {field: ["heron", blank], **rest})
    refused = embed.server.client.post(path, json={field: ["heron", ""], **rest})
    assert refused.status_code in (400, 422)
    assert f"{field}.1" in refused.text


def test_natively_it_is_refused(embed: Service) -> None:
    assert embed.post("heron", " ").status_code == 422


@pytest.mark.parametrize("path", ["/v1/embeddings", "/embeddings"])
def test_a_request_without_a_model_is_the_served_ones(e5: Service, path: str) -> None:
    answer = send(e5, path, {"input": TEXT, "input_type": "passage"}).json()
    assert answer["model"] == E5
    assert same([item["embedding"] for item in answer["data"]], native(e5, TEXT, input_type="passage"))


def test_info_has_all_keys_of_text_embeddings_inference(embed: Service, rerank: Service) -> None:
    for service in (embed, rerank):
        assert service.server.client.get("/info").json().keys() >= {
            *("model_id", "model_sha", "model_dtype", "model_type", "max_concurrent_requests", "max_input_length"),
            *(
                "max_batch_tokens",
                "max_batch_requests",
                "max_client_batch_size",
                "auto_truncate",
                "tokenization_workers",
            ),
            *("version", "sha", "docker_label"),
        }
        assert service.server.client.get("/info").json()["model_dtype"] == "float32"


def test_tokenize_lists_tokens_with_their_places(embed: Service) -> None:
    [tokens] = send(embed, "/tokenize", {"inputs": "Herons wade."}).json()
    assert [token["text"] for token in tokens] == ["[CLS]", "Heron", "s", "wade", ".", "[SEP]"]
    assert [token["special"] for token in tokens] == [True, False, False, False, False, True]
    assert tokens[3] == {"id": 10653, "text": "wade", "special": False, "start": 7, "stop": 11}
    assert (tokens[0]["start"], tokens[0]["stop"]) == (None, None)
    several = send(embed, "/tokenize", {"inputs": ["Herons", "wade."], "add_special_tokens": False}).json()
    assert [[token["id"] for token in each] for each in several] == [[22914, 2015], [10653, 1012]]


def test_tokenize_puts_a_prompt_in_front_if_asked(e5: Service) -> None:
    [plain] = send(e5, "/tokenize", {"inputs": TEXT}).json()
    [prompted] = send(e5, "/tokenize", {"inputs": TEXT, "prompt_name": "passage"}).json()
    assert len(prompted) > len(plain)
    refused = e5.server.client.post("/tokenize", json={"inputs": TEXT, "prompt_name": "heron"})
    assert (refused.status_code, refused.json()["error_type"]) == (422, "Validation")


def test_tokenize_wants_a_text(embed: Service) -> None:
    refused = embed.server.client.post("/tokenize", json={"inputs": []})
    assert (refused.status_code, refused.json()) == (400, {"error": "`inputs` cannot be empty", "error_type": "Empty"})


def test_tokenize_is_bounded(embed: Service) -> None:
    for inputs in ("heron " * 50_001, ["heron " * 25_001] * 2):
        assert embed.server.client.post("/tokenize", json={"inputs": inputs}).status_code == 413


def test_decode_gives_the_texts_of_token_ids(embed: Service) -> None:
    assert send(embed, "/decode", {"ids": [101, 22914, 2015, 10653, 1012, 102]}).json() == ["herons wade."]
    kept = send(embed, "/decode", {"ids": [[101, 22914, 2015, 102]], "skip_special_tokens": False}).json()
    assert kept == ["[CLS] herons [SEP]"]
    assert embed.server.client.post("/decode", json={"ids": [30522]}).status_code == 422


def test_similarity_is_the_cosine_of_the_vectors(embed: Service) -> None:
    sentences = ["A heron waits.", "office hours"]
    given = {"source_sentence": TEXT, "sentences": sentences}
    found = send(embed, "/similarity", {"inputs": given}).json()
    source, *others = embed.post(TEXT, *sentences).json()["embeddings"]
    assert found == pytest.approx(np.array(others) @ np.array(source), abs=1e-5)


def test_similarity_names_what_was_truncated(embed: Service) -> None:
    body = {"inputs": {"source_sentence": CHINESE, "sentences": ["heron", CHINESE]}}
    assert send(embed, "/similarity", body).headers["X-Truncated"] == "source_sentence,1"
    refused = embed.server.client.post("/similarity", json={**body, "parameters": {"truncate": False}})
    assert (refused.status_code, refused.json()["error"].partition(":")[0]) == (413, "inputs.source_sentence")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/embed", {"texts": [TEXT]}),
        ("/v1/embed", {"texts": [TEXT]}),
        ("/v2/embed", {"texts": [TEXT], "model": EMBED.model, "input_type": "search_query"}),
        ("/v1/embeddings", {"input": TEXT}),
        ("/voyage/v1/embeddings", {"input": TEXT, "model": EMBED.model}),
        ("/similarity", {"inputs": {"source_sentence": TEXT, "sentences": [TEXT]}}),
    ],
)
def test_where_the_side_is_no_field_the_left_is_refused_and_named(
    embed: Service, path: str, body: dict[str, Any]
) -> None:
    for field in ("truncation_direction", "truncation_side"):
        refused = embed.server.client.post(path, json={**body, field: "Left"})
        assert refused.status_code in (400, 422)
        assert field in refused.text
        if path != "/embed":  # natively every unknown field is an error
            send(embed, path, {**body, field: "right"})


def test_similarity_takes_the_side_among_its_parameters(embed: Service) -> None:
    long = "stork " * 300 + "heron " * 300
    body = {"inputs": {"source_sentence": long, "sentences": ["heron " * 20]}}
    left, right = (
        send(embed, "/similarity", {**body, "parameters": {"truncation_direction": side}}).json()[0]
        for side in ("Left", "Right")
    )
    assert left > right + 0.1
    refused = embed.server.client.post("/similarity", json={**body, "parameters": {"truncation_side": "left"}})
    assert (refused.status_code, refused.json()["error"].partition(":")[0]) == (422, "parameters.truncation_side")
