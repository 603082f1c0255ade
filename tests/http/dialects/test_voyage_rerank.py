"""`POST /v1/rerank` as Voyage's clients know it, on the path that is Cohere v1's and Jina's."""

import httpx
import pytest

from tests.http.dialects.error_shapes import voyage_error
from tests.http.dialects.golden_shapes import golden, shape
from tests.http.dialects.rerank_routes import DOCUMENTS, FILLER, LONG, NEEDLE, OFFICE, cohere_error, in_order, post
from tests.http.services import JSON, RERANK, Service
from tests.http.shared import FRAIL_BODY_BYTES, POISON

PATH = "/v1/rerank"
OWN_PATH = "/voyage/v1/rerank"


def dialect(answer: httpx.Response) -> str:
    """Which of the two dialects that share the path has answered."""
    return {True: "Voyage", False: "Cohere"}["data" in answer.json()]


@pytest.mark.parametrize(
    "fields", [{"top_k": 1}, {"truncation": True}, {"truncation": False, "return_documents": True}], ids=str
)
def test_a_request_with_a_field_of_voyages_is_known_by_it(rerank: Service, fields: dict[str, object]) -> None:
    assert dialect(post(rerank, PATH, DOCUMENTS, **fields)) == "Voyage"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"return_documents": True},
        {"top_n": 1, "top_k": 1},
        {"top_n": 1, "truncation": True},
        {"rank_fields": ["text"], "truncation": True},
        {"max_chunks_per_doc": 1, "truncation": True},
        {"truncate": "END", "truncation": True},
    ],
    ids=str,
)
def test_any_other_request_is_coheres(rerank: Service, fields: dict[str, object]) -> None:
    assert dialect(post(rerank, PATH, DOCUMENTS, **fields)) == "Cohere"


def test_a_request_of_the_npm_package_is_known_by_its_header(rerank: Service) -> None:
    body = {"model": RERANK.model, "query": "heron", "documents": DOCUMENTS}
    answer = rerank.server.client.post(PATH, json=body, headers={"X-Fern-SDK-Name": "voyageai"})
    assert dialect(answer) == "Voyage"


def test_the_answer_has_exactly_the_golden_keys(rerank: Service) -> None:
    answer = post(rerank, PATH, DOCUMENTS, top_k=2, return_documents=True).json()
    assert shape(answer) == golden("voyage_rerank")
    assert (answer["object"], answer["model"], len(answer["data"])) == ("list", RERANK.model, 2)
    assert (answer["data"][0]["index"], answer["data"][0]["document"]) == (1, NEEDLE)


def test_documents_are_not_returned_by_default(rerank: Service) -> None:
    assert not any("document" in item for item in post(rerank, OWN_PATH, DOCUMENTS).json()["data"])


def test_scores_and_tokens_are_those_of_the_native_route(rerank: Service) -> None:
    native = rerank.post(*DOCUMENTS).json()
    answer = post(rerank, PATH, DOCUMENTS, truncation=True).json()
    scores = in_order(answer["data"], "relevance_score")
    assert scores == pytest.approx(in_order(native["results"], "score"), abs=1e-5)
    assert answer["usage"] == {"total_tokens": native["tokens"]}


def test_optional_fields_may_be_null(rerank: Service) -> None:
    body = {"model": RERANK.model, "query": "heron", "documents": DOCUMENTS}
    nulls = dict.fromkeys(("top_k", "return_documents", "truncation"))
    given = rerank.server.client.post(OWN_PATH, json=body | nulls).json()
    assert given == rerank.server.client.post(OWN_PATH, json=body).json()


def test_a_blank_document_is_scored_like_any_other(rerank: Service) -> None:
    assert len(post(rerank, PATH, ["", NEEDLE, " "], truncation=True).json()["data"]) == 3


def test_a_long_document_is_read_in_windows(rerank: Service) -> None:
    answer = post(rerank, PATH, [FILLER * 40 + NEEDLE, FILLER], truncation=False)
    assert answer.status_code == 200
    assert answer.json()["data"][0]["index"] == 0


def test_what_loses_its_end_is_named_by_the_header(rerank: Service) -> None:
    beyond = LONG * 10
    assert post(rerank, PATH, [OFFICE, beyond], truncation=True).headers["X-Truncated"] == "1"
    both = post(rerank, PATH, [OFFICE, beyond], query=LONG, truncation=True)
    assert both.headers["X-Truncated"] == "query,1"
    assert "X-Truncated" not in post(rerank, PATH, [OFFICE], truncation=True).headers


def test_what_would_lose_its_end_is_refused_without_truncation(rerank: Service) -> None:
    status, detail = voyage_error(post(rerank, PATH, [OFFICE, LONG * 10], truncation=False))
    assert (status, detail.partition(":")[0]) == (400, "documents.1")
    status, detail = voyage_error(post(rerank, PATH, [OFFICE], query=LONG, truncation=False))
    assert (status, detail.partition(":")[0]) == (400, "query")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"documents": []}, "documents"),
        ({"documents": ["heron", 7]}, "documents.1"),
        ({"documents": ["heron", {"text": "heron"}]}, "documents.1"),
        ({"documents": ["heron"] * 1001}, "documents"),
        ({"query": " "}, "query"),
        ({"top_k": 0}, "top_k"),
        ({"truncation": "END"}, "truncation"),
        ({"model": "rerank-2"}, "model"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_value_is_400_and_its_place_is_named(rerank: Service, change: dict[str, object], place: str) -> None:
    body = {"model": RERANK.model, "query": "heron", "documents": ["stork"], "truncation": True, **change}
    status, detail = voyage_error(rerank.server.client.post(PATH, json=body))
    assert (status, detail.partition(":")[0]) == (400, place)


def test_a_body_that_cannot_be_read_is_400_in_the_paths_own_dialect(rerank: Service) -> None:
    client = rerank.server.client
    assert voyage_error(client.post(OWN_PATH, content=b"{not json", headers=JSON))[0] == 400
    assert voyage_error(client.post(PATH, content=b'{"top_k": 1', headers=JSON))[0] == 400
    assert cohere_error(client.post(PATH, content=b'{"query": "a"', headers=JSON))[0] == 400


def test_a_body_over_the_byte_limit_is_400(frail_rerank: Service) -> None:
    content = b" " * (FRAIL_BODY_BYTES + 1)
    assert voyage_error(frail_rerank.server.client.post(OWN_PATH, content=content, headers=JSON))[0] == 400


def test_a_full_queue_is_429_with_whole_seconds_to_wait(frail_rerank: Service) -> None:
    with frail_rerank.busy():
        answer = post(frail_rerank, PATH, ["heron"], top_k=1)
    assert voyage_error(answer)[0] == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_document_on_which_the_model_fails_is_500_and_named(frail_rerank: Service) -> None:
    status, detail = voyage_error(post(frail_rerank, PATH, ["heron", f"the {POISON} drinks"], top_k=1))
    assert (status, detail.partition(":")[0]) == (500, "documents.1")


def test_a_missing_key_is_401_in_the_dialect_of_the_path(locked_rerank: Service) -> None:
    assert voyage_error(post(locked_rerank, OWN_PATH, ["heron"]))[0] == 401
    assert cohere_error(post(locked_rerank, PATH, ["heron"], top_k=1))[0] == 401
