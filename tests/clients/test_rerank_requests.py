"""Requests of the clients of every vendor to rerank-service, each as its client sends it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.http.dialects.rerank_routes import DOCUMENTS, LONG, NEEDLE, OFFICE, QUERY, SAME, in_order
from tests.http.services import QUICK_STOP, RERANK, Service, running

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


def test_tei_truncates_by_default(rerank: Service) -> None:
    answer = send(rerank, "/rerank", {"query": QUERY, "texts": [NEEDLE, LONG]})
    assert answer.headers["X-Truncated"] == "1"
    assert rerank.server.client.get("/info").json()["auto_truncate"] is True


def test_the_requests_own_field_goes_first(rerank: Service) -> None:
    body = {"query": QUERY, "texts": [NEEDLE, LONG], "truncate": False}
    assert rerank.server.client.post("/rerank", json=body).status_code == 413


def test_a_body_with_a_model_is_jinas(rerank: Service, native: list[float]) -> None:
    answer = send(rerank, "/rerank", {**OF_MODEL, "top_n": 3, "return_documents": True}).json()
    assert answer["model"] == RERANK.model
    assert in_order(answer["results"], "relevance_score") == pytest.approx(native, abs=SAME)
    assert answer["results"][0]["document"] == {"text": NEEDLE}


def test_a_field_that_is_null_is_not_there(rerank: Service, native: list[float]) -> None:
    answer = send(rerank, "/rerank", {**BODY, "model": None, "texts": None, "raw_scores": None}).json()
    assert in_order(answer["results"], "score") == pytest.approx(native, abs=SAME)


def test_texts_are_teis_whatever_the_model(rerank: Service) -> None:
    assert isinstance(send(rerank, "/rerank", {"query": QUERY, "texts": DOCUMENTS, "model": "tei"}).json(), list)


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank"])
def test_usage_has_what_clients_of_infinity_and_together_read(rerank: Service, path: str) -> None:
    usage = send(rerank, path, OF_MODEL).json()["usage"]
    assert usage["prompt_tokens"] == usage["total_tokens"] > usage["completion_tokens"] == 0


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank"])
def test_an_error_has_the_detail_that_clients_of_jina_read(rerank: Service, path: str) -> None:
    answer = rerank.server.client.post(path, json={**OF_MODEL, "model": "jina-reranker-v3"})
    assert (answer.status_code, "'jina-reranker-v3'" in answer.json()["detail"]) == (404, True)


def test_litellm_sends_voyages_body_without_a_content_type(rerank: Service) -> None:
    body = json.dumps({**OF_MODEL, "top_k": 2}).encode()
    answer = rerank.server.client.post("/v1/rerank", content=body)
    assert "content-type" not in answer.request.headers
    assert answer.json()["data"][0]["index"] == DOCUMENTS.index(NEEDLE)


@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
def test_meta_counts_tokens(rerank: Service, path: str) -> None:
    meta = send(rerank, path, OF_MODEL).json()["meta"]
    assert meta["tokens"] == {"input_tokens": rerank.post(*DOCUMENTS).json()["tokens"], "output_tokens": 0}
    assert meta["billed_units"] == {"search_units": 1}


def test_coheres_own_sample_sends_objects_to_its_second_version(rerank: Service, native: list[float]) -> None:
    body = {**OF_MODEL, "documents": [{"text": text} for text in DOCUMENTS]}
    results = send(rerank, "/v2/rerank", body).json()["results"]
    assert in_order(results, "relevance_score") == pytest.approx(native, abs=SAME)


def test_relevant_spans_are_found(rerank: Service) -> None:
    document = " ".join([*[OFFICE] * 8, NEEDLE, *[OFFICE] * 8])
    asked = {"mode": "enabled", "threshold": 0.1, "max_spans": 3}
    body = {**OF_MODEL, "documents": [document], "relevant_spans": asked}
    [result] = send(rerank, "/v2/rerank", body).json()["results"]
    best = result["relevant_spans"][0]
    assert NEEDLE in document[best["start"] : best["end"]]


@pytest.fixture(scope="module")
def rerank_set_otherwise(home: Path, logs: Path) -> Iterator[Service]:
    """rerank-service that takes ten thousand documents, refuses long ones, and knows newer models' names."""
    own = {
        "RERANK_MAX_DOCUMENTS": "10000",
        "RERANK_MODEL_ALIASES": "rerank-v4.0-pro,rerank-v5.0-pro",
        "RERANK_TRUNCATE": "none",
        "CACHE_URL": "memory",
    }
    with running(RERANK, RERANK.lean | QUICK_STOP | own, home=home, log=logs / "set-otherwise-rerank.log") as service:
        yield service


def test_up_to_ten_thousand_documents_by_setting(rerank_set_otherwise: Service) -> None:
    documents = [f"heron {index % 10}" for index in range(10_000)]
    for path in ("/v1/rerank", "/v2/rerank", "/rerank"):
        answer = send(rerank_set_otherwise, path, {**OF_MODEL, "documents": documents, "top_n": 5})
        assert len(answer.json()["results"]) == 5
    one_more = {**OF_MODEL, "documents": [*documents, "one more"]}
    assert rerank_set_otherwise.server.client.post("/v2/rerank", json=one_more).status_code == 400


@pytest.mark.parametrize("name", ["rerank-v4.0-pro", "rerank-v5.0-pro"])
def test_names_of_newer_models_are_aliases_like_any_other(rerank_set_otherwise: Service, name: str) -> None:
    results = send(rerank_set_otherwise, "/v2/rerank", {**BODY, "model": name}).json()["results"]
    assert len(results) == len(DOCUMENTS)


@pytest.mark.parametrize("body", [{"texts": [LONG]}, {"documents": [LONG * 10]}], ids=["texts", "documents"])
def test_long_texts_are_refused_by_setting(rerank_set_otherwise: Service, body: dict[str, Any]) -> None:
    asked = {"query": QUERY, **body}
    assert rerank_set_otherwise.server.client.post("/rerank", json=asked).status_code in (413, 422)
    send(rerank_set_otherwise, "/rerank", {**asked, "truncate": True if "texts" in body else "end"})
    assert rerank_set_otherwise.server.client.get("/info").json()["auto_truncate"] is False


def test_numbers_beyond_64_bits_come_back_with_all_their_digits(rerank: Service) -> None:
    body = {**OF_MODEL, "documents": [{"text": NEEDLE, "id": 2**70}], "return_documents": True}
    [result] = send(rerank, "/v1/rerank", body).json()["results"]
    assert result["document"] == {"text": NEEDLE, "id": 2**70}


def test_tei_clients_send_explicit_nulls(rerank: Service, native: list[float]) -> None:
    nulls = dict.fromkeys(("truncate", "truncation_direction", "raw_scores", "return_text"))
    ranks = send(rerank, "/rerank", {"query": QUERY, "texts": DOCUMENTS, **nulls}).json()
    assert in_order(ranks, "score") == pytest.approx(native, abs=SAME)


def test_natively_null_is_absent_too(rerank: Service) -> None:
    nulls = dict.fromkeys(("truncate", "return_documents", "top_n", "max_tokens_per_doc", "priority"))
    results = send(rerank, "/rerank", {**BODY, **nulls}).json()["results"]
    assert results[0]["document"] == NEEDLE


@pytest.mark.parametrize("path", ["/v1/models", "/models"])
def test_apps_test_a_connection_by_the_list_of_models(rerank: Service, path: str) -> None:
    listed = rerank.server.client.get(path, params={"endpoint": "rerank"}).json()
    [model] = listed["data"]
    assert (model["id"], model["endpoints"], model["context_length"]) == (RERANK.model, ["rerank"], 512)
    assert rerank.server.client.get(f"{path}/{RERANK.model}").json() == model


def test_texts_are_tokenized_by_the_reranker_too(rerank: Service) -> None:
    [tokens] = send(rerank, "/tokenize", {"inputs": NEEDLE}).json()
    ids = [token["id"] for token in tokens]
    assert tokens[0]["special"] is True
    assert len(ids) > len(NEEDLE.split())
    [text] = send(rerank, "/decode", {"ids": ids}).json()
    assert text.lower().startswith("the grey heron")


def test_the_native_answer_has_the_score_that_clients_of_vllm_read(rerank: Service, native: list[float]) -> None:
    results = send(rerank, "/rerank", BODY).json()["results"]
    assert in_order(results, "relevance_score") == native


def test_elasticsearch_writes_truncate_in_lower_case(rerank: Service) -> None:
    for path in ("/v1/rerank", "/v2/rerank"):
        send(rerank, path, {**OF_MODEL, "truncate": "end"})
        answer = rerank.server.client.post(path, json={**OF_MODEL, "documents": [LONG * 10], "truncate": "none"})
        assert answer.status_code == 400


@pytest.mark.parametrize("empty", ["", " ", "\u3000"], ids=repr)
def test_an_empty_document_is_scored_with_the_others(rerank: Service, empty: str) -> None:
    for path in ("/rerank", "/v1/rerank", "/v2/rerank"):
        body = {"documents": [*DOCUMENTS, empty]}
        answer = send(rerank, path, (BODY if path == "/rerank" else OF_MODEL) | body)
        assert len(answer.json()["results"]) == 1 + len(DOCUMENTS)
    assert len(send(rerank, "/tei/rerank", {"query": QUERY, "texts": [*DOCUMENTS, empty]}).json()) == 1 + len(DOCUMENTS)
