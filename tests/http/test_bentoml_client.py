"""The adaptive-batching APIs, called by BentoML's own client, agree with the native routes."""

from concurrent.futures import ThreadPoolExecutor

import bentoml
import numpy as np
import pytest

from tests.http import reference
from tests.http.services import Service

TEXTS = ["heron", "How does a heron hunt?", "the heron waits " * 30]


def test_encode_gives_the_vectors_of_embed(embed: Service) -> None:
    with bentoml.SyncHTTPClient(embed.server.url) as client:
        vectors = client.encode(sentences=TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert reference.least_cosine(vectors, embed.post(*TEXTS).json()["embeddings"]) >= 0.99999


def test_score_gives_the_scores_of_rerank(rerank: Service) -> None:
    query = "How does a heron hunt?"
    results = rerank.post(*TEXTS, query=query).json()["results"]
    expected = {result["index"]: result["score"] for result in results}
    with bentoml.SyncHTTPClient(rerank.server.url) as client:
        scores = client.score(pairs=[(query, text) for text in TEXTS])
    assert scores.shape == (len(TEXTS),)
    assert list(scores) == pytest.approx([expected[index] for index in range(len(TEXTS))], abs=1e-5)


def test_score_takes_pairs_of_several_queries(rerank: Service) -> None:
    pairs = [("How does a heron hunt?", "heron"), ("office hours", "heron"), ("How does a heron hunt?", "stork")]
    with bentoml.SyncHTTPClient(rerank.server.url) as client:
        together = client.score(pairs=pairs)
        alone = [client.score(pairs=[pair])[0] for pair in pairs]
    assert together == pytest.approx(alone, abs=1e-5)


def test_blank_sentences_are_taken_as_in_sentence_transformers(embed: Service) -> None:
    with bentoml.SyncHTTPClient(embed.server.url) as client:
        assert client.encode(sentences=["", "heron"]).shape == (2, 384)


def test_an_error_of_the_engine_keeps_its_status_and_is_counted_with_an_id(frail: Service) -> None:
    path, body = {
        "embed-service": ("/encode", {"sentences": ["heron"] * 3}),
        "rerank-service": ("/score", {"pairs": [["a heron", "heron"]] * 3}),
    }[frail.kind.name]
    with frail.busy():
        answer = frail.server.client.post(path, json=body)
    assert answer.status_code == 429
    assert "The queue is full" in answer.text
    assert answer.headers["X-Request-ID"]
    assert frail.server.metric("duobento_requests_total", route=path, status="429") == 1


def test_calls_that_are_batched_together_each_get_their_own_vectors(embed: Service) -> None:
    expected = np.array(embed.post(*TEXTS).json()["embeddings"])

    def encode(index: int) -> float:
        with bentoml.SyncHTTPClient(embed.server.url) as client:
            vectors = client.encode(sentences=[TEXTS[index], TEXTS[0]])
        return reference.least_cosine(vectors, expected[[index, 0]])

    with ThreadPoolExecutor(8) as clients:
        assert min(clients.map(encode, [0, 1, 2] * 8)) >= 0.99999
