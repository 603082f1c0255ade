"""`POST /embed`: the vectors are those of sentence-transformers, in the shapes of the contract."""

from __future__ import annotations

import base64
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.http import reference
from tests.http.services import EMBED, Service

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EQUAL = 0.99999
TEXTS = [
    "heron",
    "How does a heron hunt?",
    "The grey heron stands still in shallow water and waits for fish.",
    "Der Graureiher steht still im flachen Wasser.",
    "アオサギは浅瀬でじっと魚を待つ。",
    "لا يتحرك مالك الحزين في المياه الضحلة",
    "🦩 is a flamingo, not a heron!",
    *("the heron waits " * count for count in (5, 20, 40, 70)),
]


@pytest.fixture(scope="module")
def minilm(home: Path) -> SentenceTransformer:
    return reference.encoder(EMBED.model, home)


@pytest.fixture(scope="module")
def multilingual_e5(home: Path) -> SentenceTransformer:
    return reference.encoder("intfloat/multilingual-e5-small-q4", home)


def test_one_text_is_answered_with_its_vector_and_all_fields(embed: Service) -> None:
    answer = embed.server.client.post("/embed", json={"text": "heron", "input_type": "query"}).json()
    assert answer.pop("latency_ms") > 0
    assert len(answer.pop("embedding")) == 384
    assert answer == {
        "dimension": 384,
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "input_type": "query",
        "tokens": 3,
        "truncated": False,
        "cached": False,
    }


def test_several_texts_are_answered_with_their_vectors_and_all_fields(embed: Service) -> None:
    answer = embed.post("heron", "grey heron", input_type="passage").json()
    assert answer.pop("latency_ms") > 0
    assert np.shape(answer.pop("embeddings")) == (2, 384)
    assert answer == {
        "dimension": 384,
        "model": "sentence-transformers/all-MiniLM-L6-v2",
        "input_type": "passage",
        "tokens": 7,
        "truncated": [],
        "cached": 0,
    }


def test_the_input_type_is_query_unless_the_request_says_otherwise(embed: Service) -> None:
    assert embed.post("heron").json()["input_type"] == "query"


def test_vectors_have_unit_length(embed: Service) -> None:
    lengths = np.linalg.norm(embed.post(*TEXTS).json()["embeddings"], axis=1)
    assert lengths == pytest.approx(1, abs=1e-6)


def test_vectors_equal_those_of_sentence_transformers(embed: Service, minilm: SentenceTransformer) -> None:
    vectors = embed.post(*TEXTS).json()["embeddings"]
    assert reference.least_cosine(vectors, minilm.encode(TEXTS)) >= EQUAL


def test_a_text_alone_gets_the_vector_it_gets_among_others(embed: Service, minilm: SentenceTransformer) -> None:
    alone = [embed.post(text).json()["embeddings"][0] for text in TEXTS]
    assert reference.least_cosine(alone, minilm.encode(TEXTS)) >= EQUAL


def test_vectors_stay_equal_when_many_clients_mix_lengths(embed: Service, minilm: SentenceTransformer) -> None:
    choose = random.Random(7)
    requests = [choose.choices(range(len(TEXTS)), k=choose.randint(1, 6)) for _ in range(60)]

    def vectors(indexes: list[int]) -> list[list[float]]:
        found: list[list[float]] = embed.post(*(TEXTS[index] for index in indexes)).json()["embeddings"]
        return found

    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(vectors, requests))
    expected = minilm.encode(TEXTS)
    for indexes, answer in zip(requests, answers, strict=True):
        assert reference.least_cosine(answer, expected[indexes]) >= EQUAL


def test_base64_holds_the_same_numbers_as_little_endian_float32(embed: Service) -> None:
    encoded = embed.post("heron", "stork", encoding_format="base64").json()["embeddings"]
    decoded = [np.frombuffer(base64.b64decode(vector), "<f4") for vector in encoded]
    floats = embed.post("heron", "stork").json()["embeddings"]
    assert np.allclose(decoded, floats, atol=1e-6)


def test_base64_of_one_text_is_one_string(embed: Service) -> None:
    answer = embed.server.client.post("/embed", json={"text": "heron", "encoding_format": "base64"}).json()
    assert len(base64.b64decode(answer["embedding"])) == 384 * 4


def test_a_model_without_prompts_treats_queries_and_passages_alike(embed: Service) -> None:
    query, passage = (embed.post("heron", input_type=kind).json() for kind in ("query", "passage"))
    assert query["tokens"] == passage["tokens"]
    assert reference.least_cosine(query["embeddings"], passage["embeddings"]) >= EQUAL


def test_as_many_texts_as_the_limit_allows_are_answered_in_order(embed: Service, minilm: SentenceTransformer) -> None:
    words = ["heron", "stork", "crane", "ibis"]
    vectors = np.array(embed.post(*words * (EMBED.most_items // 4)).json()["embeddings"])
    expected = np.tile(minilm.encode(words), (EMBED.most_items // 4, 1))
    assert reference.least_cosine(vectors, expected) >= EQUAL


def test_e5_queries_equal_encode_query(e5: Service, multilingual_e5: SentenceTransformer) -> None:
    vectors = e5.post(*TEXTS, input_type="query").json()["embeddings"]
    assert reference.least_cosine(vectors, multilingual_e5.encode_query(TEXTS)) >= EQUAL


def test_e5_passages_equal_encode_document(e5: Service, multilingual_e5: SentenceTransformer) -> None:
    vectors = e5.post(*TEXTS, input_type="passage").json()["embeddings"]
    assert reference.least_cosine(vectors, multilingual_e5.encode_document(TEXTS)) >= EQUAL


def test_e5_gives_a_text_different_vectors_as_query_and_as_passage(e5: Service) -> None:
    query, passage = (np.array(e5.post(*TEXTS, input_type=kind).json()["embeddings"]) for kind in ("query", "passage"))
    assert (np.sum(query * passage, axis=1) < 0.9999).all()
