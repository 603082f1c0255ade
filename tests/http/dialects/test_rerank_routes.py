"""Every rerank route gives the same scores for the same pairs."""

import pytest

from tests.http.dialects.rerank_routes import DOCUMENTS, QUERY, SAME, in_order, post, relevance
from tests.http.services import RERANK, Service


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


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tei/rerank", {"query": QUERY, "texts": DOCUMENTS}),
        ("/predict", {"inputs": [[QUERY, DOCUMENTS[0]]]}),
        ("/voyage/v1/rerank", {"query": QUERY, "documents": DOCUMENTS, "model": RERANK.model}),
        ("/v1/ranking", {"query": {"text": QUERY}, "passages": [{"text": DOCUMENTS[0]}], "model": RERANK.model}),
    ],
)
@pytest.mark.parametrize(
    "field", [{"instruction": "Find birds."}, {"truncate_prompt_tokens": 64}, {"rank_fields": ["a"]}]
)
def test_a_field_of_another_vendor_that_would_change_the_scores_is_refused(
    rerank: Service, path: str, body: dict[str, object], field: dict[str, object]
) -> None:
    answer = rerank.server.client.post(path, json={**body, **field})
    [name] = field
    assert answer.status_code in (400, 422)
    assert f"{name}: There is no such field here" in answer.text
    nothing = dict.fromkeys(field)
    assert rerank.server.client.post(path, json={**body, **nothing}).status_code == 200


@pytest.mark.parametrize("name", ["top_n", "top_k"])
@pytest.mark.parametrize(
    ("path", "body", "results"),
    [
        ("/v1/rerank", {"query": QUERY, "documents": DOCUMENTS, "max_chunks_per_doc": 10}, "results"),
        ("/v2/rerank", {"query": QUERY, "documents": DOCUMENTS, "model": RERANK.model}, "results"),
        ("/voyage/v1/rerank", {"query": QUERY, "documents": DOCUMENTS, "model": RERANK.model}, "data"),
        ("/tei/rerank", {"query": QUERY, "texts": DOCUMENTS}, None),
        (
            "/v1/ranking",
            {"query": {"text": QUERY}, "passages": [{"text": text} for text in DOCUMENTS], "model": RERANK.model},
            "rankings",
        ),
    ],
)
def test_every_ranking_is_cut_to_its_best_by_either_name(
    rerank: Service, path: str, body: dict[str, object], results: str | None, name: str
) -> None:
    def found(**fields: int | None) -> list[int]:
        answer = rerank.server.client.post(path, json={**body, **fields}).raise_for_status().json()
        return [result["index"] for result in (answer[results] if results else answer)]

    assert found(**{name: 2}) == found()[:2]
    assert found(**{name: None}) == found()
    refused = rerank.server.client.post(path, json={**body, "top_n": 1, "top_k": 2})
    assert refused.status_code in (400, 422)
    assert "top_n and top_k say different things" in refused.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rerank", {"query": QUERY, "documents": DOCUMENTS}),
        ("/v1/rerank", {"query": QUERY, "documents": DOCUMENTS}),
        ("/v2/rerank", {"query": QUERY, "documents": DOCUMENTS, "model": RERANK.model}),
        ("/voyage/v1/rerank", {"query": QUERY, "documents": DOCUMENTS, "model": RERANK.model}),
        ("/v1/score", {"text_1": QUERY, "text_2": DOCUMENTS}),
        ("/v1/ranking", {"query": {"text": QUERY}, "passages": [{"text": DOCUMENTS[0]}], "model": RERANK.model}),
    ],
)
def test_a_side_that_would_not_be_obeyed_is_refused_and_named(
    rerank: Service, path: str, body: dict[str, object]
) -> None:
    """vLLM's routes know `truncation_side`, but only beside a limit."""
    for field in ("truncation_direction", "truncation_side"):
        answer = rerank.server.client.post(path, json={**body, field: "left"})
        assert answer.status_code in (400, 422)
        assert field in answer.text
        if path != "/rerank":  # natively every unknown field is an error
            assert rerank.server.client.post(path, json={**body, field: "right"}).status_code == 200
