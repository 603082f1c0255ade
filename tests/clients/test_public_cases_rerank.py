"""What reports of clients say of rerankers, each as a request that its client sends. Numbers are those of the list."""

from typing import Any

import httpx
import pytest

from tests.http.dialects.rerank_routes import DOCUMENTS, NEEDLE, QUERY, SAME, in_order
from tests.http.services import RERANK, Service

BODY: dict[str, Any] = {"query": QUERY, "documents": DOCUMENTS}
OF_MODEL = {**BODY, "model": RERANK.model}


def send(service: Service, path: str, body: dict[str, Any]) -> httpx.Response:
    """Answer to a request that must be answered."""
    answer = service.server.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture(scope="module")
def native(rerank: Service) -> list[float]:
    """Scores of `DOCUMENTS` in their order."""
    return in_order(rerank.post(*DOCUMENTS, query=QUERY).json()["results"], "score")


def test_18_tei_clients_send_explicit_nulls(rerank: Service, native: list[float]) -> None:
    nulls = dict.fromkeys(("truncate", "truncation_direction", "raw_scores", "return_text"))
    ranks = send(rerank, "/rerank", {"query": QUERY, "texts": DOCUMENTS, **nulls}).json()
    assert in_order(ranks, "score") == pytest.approx(native, abs=SAME)


def test_18_natively_null_is_absent_too(rerank: Service) -> None:
    nulls = dict.fromkeys(("truncate", "return_documents", "top_n", "max_tokens_per_doc", "priority"))
    results = send(rerank, "/rerank", {**BODY, **nulls}).json()["results"]
    assert results[0]["document"] == NEEDLE


def test_21_the_native_answer_has_the_score_that_clients_of_vllm_read(rerank: Service, native: list[float]) -> None:
    results = send(rerank, "/rerank", BODY).json()["results"]
    assert in_order(results, "relevance_score") == native


@pytest.mark.parametrize("empty", ["", " ", "\u3000"], ids=repr)
def test_23_an_empty_document_is_scored_with_the_others(rerank: Service, empty: str) -> None:
    for path in ("/rerank", "/v1/rerank", "/v2/rerank"):
        body = {"documents": [*DOCUMENTS, empty]}
        answer = send(rerank, path, (BODY if path == "/rerank" else OF_MODEL) | body)
        assert len(answer.json()["results"]) == 1 + len(DOCUMENTS)
    assert len(send(rerank, "/tei/rerank", {"query": QUERY, "texts": [*DOCUMENTS, empty]}).json()) == 1 + len(DOCUMENTS)
