"""The published Cohere SDK reranks through the gateway: both versions, synchronous and asynchronous, unmodified."""

from typing import Any

import pytest
from cohere import RerankRelevantSpans

from tests.http.services import RERANK, Service

QUERY = "How does a heron hunt?"
DOCUMENTS = ["The office opens at nine.", "A heron stands still and spears fish.", "Herons nest in trees."]


@pytest.fixture(scope="module")
def expected(rerank: Service) -> dict[int, float]:
    """Scores of `DOCUMENTS` from the native route, best first."""
    results = rerank.post(*DOCUMENTS, query=QUERY).json()["results"]
    return {result["index"]: result["score"] for result in results}


def test_v1_strings(v1: Any, expected: dict[int, float]) -> None:
    answer = v1.rerank(query=QUERY, documents=DOCUMENTS, model=RERANK.model)
    _check_scores(answer, expected)
    assert answer.results[0].document is None
    assert answer.meta.billed_units.search_units == 1


def test_v2_strings(v2: Any, expected: dict[int, float]) -> None:
    answer = v2.rerank(query=QUERY, documents=DOCUMENTS, model=RERANK.model, max_tokens_per_doc=4096)
    _check_scores(answer, expected)
    assert answer.meta.billed_units.search_units == 1


def test_v1_objects_come_back_as_they_were_sent(v1: Any, expected: dict[int, float]) -> None:
    documents = [{"text": text, "id": str(index)} for index, text in enumerate(DOCUMENTS)]
    answer = v1.rerank(query=QUERY, documents=documents, model=RERANK.model, return_documents=True)
    _check_scores(answer, expected)
    assert [result.document.dict() for result in answer.results] == [documents[index] for index in expected]


def test_v1_scores_the_fields_that_are_named(v1: Any, expected: dict[int, float]) -> None:
    documents = [{"title": text, "text": "unread"} for text in DOCUMENTS]
    answer = v1.rerank(query=QUERY, documents=documents, rank_fields=["title"], max_chunks_per_doc=2)
    _check_scores(answer, expected)


def test_v1_top_n(v1: Any, expected: dict[int, float]) -> None:
    answer = v1.rerank(query=QUERY, documents=DOCUMENTS, top_n=2)
    assert [result.index for result in answer.results] == list(expected)[:2]


def test_v2_top_n(v2: Any, expected: dict[int, float]) -> None:
    answer = v2.rerank(query=QUERY, documents=DOCUMENTS, model=RERANK.model, top_n=2, priority=1)
    assert [result.index for result in answer.results] == list(expected)[:2]


def test_v2_relevant_spans(v2: Any) -> None:
    document = f"{DOCUMENTS[0]} {DOCUMENTS[1]} " * 8
    answer = v2.rerank(
        query=QUERY,
        documents=[document],
        model=RERANK.model,
        relevant_spans=RerankRelevantSpans(mode="enabled", threshold=0.01, max_spans=2),
    )
    spans = answer.results[0].relevant_spans
    assert len(spans) == 2
    assert spans[0].score >= spans[1].score > 0.01
    assert document[spans[0].start : spans[0].end].strip()
    assert answer.meta.tokens.input_tokens > 0


def _check_scores(answer: Any, expected: dict[int, float]) -> None:
    assert [result.index for result in answer.results] == list(expected)
    assert [result.relevance_score for result in answer.results] == pytest.approx(list(expected.values()), abs=1e-5)
