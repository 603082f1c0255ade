"""`POST /v1/rerank` and `POST /v2/rerank` as Cohere's clients know them."""

import httpx
import pytest

from tests.http.dialects.golden_shapes import golden, shape
from tests.http.dialects.rerank_routes import (
    DOCUMENTS,
    LONG,
    NEEDLE,
    OFFICE,
    QUERY,
    SAME,
    SHORT_READ,
    cohere_error,
    post,
    relevance,
)
from tests.http.services import JSON, RERANK, Service
from tests.http.shared import POISON

V1, V2 = "/v1/rerank", "/v2/rerank"


@pytest.fixture(params=[V1, V2])
def path(request: pytest.FixtureRequest) -> str:
    """Each version's route."""
    chosen: str = request.param
    return chosen


@pytest.mark.parametrize(("path", "name"), [(V1, "cohere_v1_rerank"), (V2, "cohere_v2_rerank")])
def test_the_answer_has_exactly_the_golden_keys(rerank: Service, path: str, name: str) -> None:
    answer = post(rerank, path, [NEEDLE, LONG], return_documents=True, **SHORT_READ)
    assert shape(answer.json()) == golden(name)
    assert answer.json()["id"] == answer.headers["X-Request-ID"]
    assert answer.json()["meta"]["api_version"] == {"version": path[2]}


def test_documents_and_warnings_are_left_out_where_there_are_none(rerank: Service, path: str) -> None:
    answer = post(rerank, path, DOCUMENTS).json()
    assert shape(answer["results"]) == [{"index": "int", "relevance_score": "float"}]
    assert answer["meta"].keys() == {"api_version", "billed_units", "tokens"}


def test_top_n_keeps_the_best(rerank: Service, path: str) -> None:
    results = post(rerank, path, DOCUMENTS, top_n=1).json()["results"]
    assert [result["index"] for result in results] == [1]


def test_unknown_fields_are_ignored(rerank: Service, path: str) -> None:
    assert post(rerank, path, DOCUMENTS, heron=True, max_tokens=7).status_code == 200


def test_optional_fields_may_be_null(rerank: Service, path: str) -> None:
    names = ["top_n", "rank_fields", "return_documents", "max_chunks_per_doc", "max_tokens_per_doc", "truncate"]
    body = {"model": RERANK.model, "query": QUERY, "documents": DOCUMENTS, **dict.fromkeys(names)}
    assert rerank.server.client.post(path, json=body).status_code == 200


def test_a_blank_document_is_scored_like_any_other(rerank: Service, path: str) -> None:
    assert len(post(rerank, path, ["", NEEDLE, " "]).json()["results"]) == 3


def test_search_units_count_documents_by_hundreds(rerank: Service, path: str) -> None:
    units = [
        post(rerank, path, ["heron"] * count).json()["meta"]["billed_units"]["search_units"] for count in (100, 101)
    ]
    assert units == [1, 2]


def test_a_truncated_query_is_named_in_the_warnings(rerank: Service, path: str) -> None:
    warnings = post(rerank, path, DOCUMENTS, query=LONG).json()["meta"]["warnings"]
    assert warnings == ["query was too long and was truncated"]


def test_every_truncated_document_is_named_in_the_warnings(rerank: Service, path: str) -> None:
    warnings = post(rerank, path, [LONG, NEEDLE, LONG], **SHORT_READ).json()["meta"]["warnings"]
    assert warnings == [f"documents.{index} was too long and was truncated" for index in (0, 2)]


def test_v1_needs_no_model(rerank: Service) -> None:
    assert post(rerank, V1, DOCUMENTS, model=None).status_code == 200


def test_an_object_is_returned_as_it_was_sent_and_a_string_as_an_object(rerank: Service, path: str) -> None:
    document = {"text": NEEDLE, "id": 7, "tags": ["bird"], "none": None, "big": [10**30, -(10**30)]}
    results = post(rerank, path, [document, OFFICE], return_documents=True).json()["results"]
    assert [result["document"] for result in results] == [document, {"text": OFFICE}]


def test_one_rank_field_is_scored_by_its_value(rerank: Service, path: str) -> None:
    documents = [{"body": NEEDLE, "text": OFFICE}, OFFICE]
    assert relevance(rerank, path, documents, rank_fields=["body"]) == pytest.approx(
        relevance(rerank, path, [NEEDLE, OFFICE]), abs=SAME
    )


def test_a_field_that_is_a_huge_number_is_scored_with_all_its_digits(rerank: Service, path: str) -> None:
    scored = relevance(rerank, path, [{"id": 10**30}], rank_fields=["id"])
    assert scored == pytest.approx(relevance(rerank, path, [str(10**30)]), abs=SAME)


def test_a_number_that_would_come_back_as_another_is_refused(rerank: Service, path: str) -> None:
    body = b'{"model": "%s", "query": "heron", "documents": [{"text": "heron", "id": 1e400}]}' % RERANK.model.encode()
    error = cohere_error(rerank.server.client.post(path, content=body, headers=JSON))
    assert error == (400, "invalid request: documents.0: Input cannot be returned: a number is too large")


def test_v1_scores_a_field_once_however_often_it_is_named(rerank: Service) -> None:
    document = {"text": NEEDLE}
    assert relevance(rerank, V1, [document], rank_fields=["text", "text"]) == relevance(rerank, V1, [NEEDLE])


def test_v1_scores_several_rank_fields_as_lines_in_their_order(rerank: Service) -> None:
    document = {"text": NEEDLE, "year": 2024, "title": "Herons", "secret": OFFICE}
    scores = relevance(rerank, V1, [document], rank_fields=["title", "missing", "year", "text"])
    assert scores == pytest.approx(
        relevance(rerank, V1, [f"title: Herons\nyear: 2024\ntext: {NEEDLE}"]),
        abs=SAME,
    )


def test_v1_scores_as_many_windows_as_max_chunks_per_doc(rerank: Service) -> None:
    document = LONG + NEEDLE
    one, ten = (post(rerank, V1, [document], max_chunks_per_doc=chunks).json() for chunks in (1, None))
    assert ten["results"][0]["relevance_score"] > 2 * one["results"][0]["relevance_score"]
    assert len(one["meta"]["warnings"]) == 1
    assert "warnings" not in ten["meta"]


def test_v1_truncates_on_the_side_that_is_asked_for(rerank: Service) -> None:
    end, start = (
        relevance(rerank, V1, [LONG + NEEDLE], max_chunks_per_doc=1, truncate=side)[0] for side in ("END", "START")
    )
    assert start > 2 * end


@pytest.mark.parametrize("refused", ["NONE", False])
def test_v1_refuses_a_longer_document_if_truncation_is_refused(rerank: Service, refused: object) -> None:
    status, message = cohere_error(post(rerank, V1, [NEEDLE, LONG], max_chunks_per_doc=1, truncate=refused))
    assert (status, message.partition(" The ")[0]) == (400, "invalid request: documents.1:")


def test_v2_scores_as_many_tokens_as_max_tokens_per_doc(rerank: Service) -> None:
    document = LONG + NEEDLE
    few, many = (post(rerank, V2, [document], max_tokens_per_doc=tokens).json() for tokens in (100, 4096))
    assert many["results"][0]["relevance_score"] > 2 * few["results"][0]["relevance_score"]
    assert len(few["meta"]["warnings"]) == 1
    assert "warnings" not in many["meta"]


def test_v2_refuses_more_tokens_of_a_document_than_the_service_scores(rerank: Service) -> None:
    error = cohere_error(post(rerank, V2, DOCUMENTS, max_tokens_per_doc=4097))
    assert error == (400, "invalid request: max_tokens_per_doc may be at most 4096.")


@pytest.mark.parametrize(("priority", "lane"), [(0, "interactive"), (1, "bulk"), (999, "bulk"), (None, "interactive")])
def test_v2_priority_chooses_the_lane(rerank: Service, priority: int | None, lane: str) -> None:
    before = rerank.server.metric("duobento_queue_wait_seconds_count", lane=lane)
    assert post(rerank, V2, [NEEDLE], priority=priority).status_code == 200
    assert rerank.server.metric("duobento_queue_wait_seconds_count", lane=lane) == before + 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"documents": []}, "list of documents must not be empty"),
        ({"query": " "}, "query must not be empty"),
        ({"query": None}, "query: Field required"),
        ({"query": 7}, "query: Input should be a valid string"),
        ({"documents": "heron"}, "documents: Input should be a valid list"),
        ({"documents": ["heron"] * 1001}, "documents: 1001 documents are more than the limit of 1000."),
        ({"top_n": 0}, "top_n: Input should be greater than or equal to 1"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_400_in_the_vendors_words(
    rerank: Service, path: str, fields: dict[str, object], message: str
) -> None:
    assert cohere_error(post(rerank, path, DOCUMENTS, **fields)) == (400, f"invalid request: {message}")


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        (V1, {"documents": ["heron", 7]}, "documents.1: Input should be a string or an object"),
        (V1, {"documents": ["heron", {"image": "x"}]}, "documents.1: Input should be a string or an object with text"),
        (V1, {"documents": [{"text": "heron"}], "rank_fields": ["a", "b"]}, "documents.0: Input should be a string or"),
        (V1, {"documents": [{"image": "x"}] * 1001}, "documents: 1001 documents are more than the limit of 1000."),
        (V1, {"rank_fields": []}, "rank_fields: List should have at least 1 item"),
        (V1, {"rank_fields": ["text"] * 51}, "rank_fields: List should have at most 50 items"),
        (V1, {"max_chunks_per_doc": 0}, "max_chunks_per_doc: Input should be greater"),
        (V1, {"truncate": "LEFT"}, "truncate: Input should be 'end', 'start' or 'none'"),
        (V2, {"model": None}, "model: Field required"),
        (V2, {"priority": 1000}, "priority: Input should be less than or equal to 999"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_of_one_version_is_400_and_its_place_is_named(
    rerank: Service, path: str, fields: dict[str, object], message: str
) -> None:
    status, said = cohere_error(post(rerank, path, DOCUMENTS, **fields))
    assert status == 400
    assert said.startswith(f"invalid request: {message}")


def test_a_body_that_is_not_json_is_400(rerank: Service, path: str) -> None:
    status, _ = cohere_error(rerank.server.client.post(path, content=b"{not json", headers=JSON))
    assert status == 400


def test_a_body_that_is_declared_as_something_else_is_400(rerank: Service, path: str) -> None:
    headers = {"Content-Type": "text/plain"}
    status, message = cohere_error(rerank.server.client.post(path, content=b"{}", headers=headers))
    assert (status, "Content-Type" in message) == (400, True)


def test_an_unknown_model_is_404(rerank: Service, path: str) -> None:
    status, message = cohere_error(post(rerank, path, DOCUMENTS, model="rerank-v3.5"))
    assert (status, "'rerank-v3.5'" in message) == (404, True)


def test_a_wrong_method_is_405(rerank: Service, path: str) -> None:
    status, _ = cohere_error(rerank.server.client.get(path))
    assert status == 405


def test_a_passed_deadline_is_504(rerank: Service, path: str) -> None:
    body = {"model": RERANK.model, "query": QUERY, "documents": ["heron"]}
    answer = rerank.server.client.post(path, json=body, headers={"X-Request-Timeout": "1e-9"})
    assert cohere_error(answer)[0] == 504


def test_a_full_queue_is_429_with_whole_seconds_to_wait(frail_rerank: Service, path: str) -> None:
    with frail_rerank.busy():
        answer = post(frail_rerank, path, DOCUMENTS)
    assert cohere_error(answer)[0] == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_fault_of_ours_is_500_and_its_place_is_named(frail_rerank: Service, path: str) -> None:
    status, message = cohere_error(post(frail_rerank, path, ["heron", f"the {POISON} drinks"]))
    assert (status, message.partition(" ")[0]) == (500, "documents.1:")


def test_a_missing_key_is_401(locked_rerank: Service, path: str) -> None:
    assert cohere_error(post(locked_rerank, path, DOCUMENTS)) == (401, "invalid api token")


def test_openapi_describes_the_fields(rerank: Service, path: str) -> None:
    described: httpx.Response = rerank.server.client.get("/openapi.json")
    assert "post" in described.json()["paths"][path]
