"""Every rerank route gives the same scores for the same pairs."""

import pytest

from tests.http.dialects.rerank_routes import DOCUMENTS, QUERY, SAME, in_order, post, relevance
from tests.http.services import Service


@pytest.fixture(scope="module")
def native(rerank: Service) -> list[float]:
    return in_order(rerank.post(*DOCUMENTS, query=QUERY).json()["results"], "score")


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
def test_cohere_scores_like_native(rerank: Service, native: list[float], path: str) -> None:
    assert relevance(rerank, path, DOCUMENTS) == pytest.approx(native, abs=SAME)


@pytest.mark.parametrize("path", ["/v1/rerank", "/voyage/v1/rerank"])
def test_voyage_scores_like_native(rerank: Service, native: list[float], path: str) -> None:
    ranks = post(rerank, path, DOCUMENTS, truncation=True).json()["data"]
    assert in_order(ranks, "relevance_score") == pytest.approx(native, abs=SAME)


@pytest.mark.parametrize("path", ["/rerank", "/tei/rerank"])
def test_tei_scores_like_native(rerank: Service, native: list[float], path: str) -> None:
    ranks = rerank.server.client.post(path, json={"query": QUERY, "texts": DOCUMENTS}).json()
    assert in_order(ranks, "score") == pytest.approx(native, abs=SAME)
