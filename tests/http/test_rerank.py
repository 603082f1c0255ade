"""`POST /rerank`: the scores are those of sentence-transformers, in the shapes of the contract."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.http import reference
from tests.http.services import RERANK, Service

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

QUERY = "How does a heron hunt?"
DOCUMENTS = [
    "Our office is open from nine to five.",
    "The grey heron stands still in shallow water and waits for fish to come close.",
    "heron",
    "A heron is a bird with long legs. " * 4,
    "Choose Forgot password on the sign-in page. " * 10,
]
NEAR = 1e-4


@pytest.fixture(scope="module")
def model(home: Path) -> CrossEncoder:
    return reference.cross_encoder(RERANK.model, home)


def _scores(service: Service, query: str, *documents: str) -> list[float]:
    """Scores in the order of the documents."""
    results = service.post(*documents, query=query).json()["results"]
    return [result["score"] for result in sorted(results, key=lambda result: int(result["index"]))]


def test_documents_are_answered_best_first_with_all_fields(rerank: Service) -> None:
    answer = rerank.post(DOCUMENTS[0], DOCUMENTS[1], query=QUERY).json()
    results = answer.pop("results")
    assert [result["index"] for result in results] == [1, 0]
    assert [result["document"] for result in results] == [DOCUMENTS[1], DOCUMENTS[0]]
    assert 1 > results[0]["score"] > results[1]["score"] > 0
    assert answer.pop("latency_ms") > 0
    assert answer.pop("tokens") > 0
    assert answer == {
        "model": "duobento/small-reranker-demo",
        "truncated": [],
        "query_truncated": False,
        "cached": 0,
    }


def test_scores_equal_those_of_sentence_transformers(rerank: Service, model: CrossEncoder) -> None:
    expected = reference.scores(model, QUERY, DOCUMENTS)
    assert _scores(rerank, QUERY, *DOCUMENTS) == pytest.approx(expected, abs=NEAR)


def test_scores_stay_equal_when_many_clients_mix_lengths(rerank: Service, model: CrossEncoder) -> None:
    choose = random.Random(7)
    requests = [choose.choices(range(len(DOCUMENTS)), k=choose.randint(1, 5)) for _ in range(40)]
    with ThreadPoolExecutor(16) as clients:
        answers = list(
            clients.map(lambda indexes: _scores(rerank, QUERY, *(DOCUMENTS[index] for index in indexes)), requests)
        )
    expected = reference.scores(model, QUERY, DOCUMENTS)
    for indexes, answer in zip(requests, answers, strict=True):
        assert answer == pytest.approx(expected[indexes], abs=NEAR)


def test_ties_keep_the_order_of_the_documents(rerank: Service) -> None:
    results = rerank.post(*[DOCUMENTS[2]] * 7, query=QUERY).json()["results"]
    assert [result["index"] for result in results] == list(range(7))


def test_top_n_keeps_the_best(rerank: Service) -> None:
    everything = rerank.post(*DOCUMENTS, query=QUERY).json()["results"]
    best = rerank.post(*DOCUMENTS, query=QUERY, top_n=2).json()["results"]
    assert [result["index"] for result in best] == [result["index"] for result in everything[:2]]


def test_top_n_over_the_number_of_documents_keeps_all(rerank: Service) -> None:
    assert len(rerank.post(*DOCUMENTS, query=QUERY, top_n=100).json()["results"]) == len(DOCUMENTS)


def test_documents_are_left_out_of_the_answer_on_request(rerank: Service) -> None:
    results = rerank.post(*DOCUMENTS, query=QUERY, return_documents=False).json()["results"]
    assert all(result.keys() == {"index", "score", "relevance_score"} for result in results)


def test_documents_may_be_objects_with_a_text_and_other_fields(rerank: Service) -> None:
    documents = [{"text": DOCUMENTS[1], "id": 7, "tags": ["bird"]}, DOCUMENTS[0]]
    results = rerank.post(query=QUERY, documents=documents).json()["results"]
    assert [result["document"] for result in results] == [DOCUMENTS[1], DOCUMENTS[0]]


def test_as_many_documents_as_the_limit_allows_are_answered(rerank: Service) -> None:
    results = rerank.post(*["heron"] * RERANK.most_items, query=QUERY).json()["results"]
    assert len(results) == RERANK.most_items
