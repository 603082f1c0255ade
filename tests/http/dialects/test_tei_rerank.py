"""`POST /rerank` with `texts`, as the clients of text-embeddings-inference know it."""

import httpx
import numpy as np
import pytest

from tests.http.dialects.golden_shapes import golden, shape
from tests.http.dialects.rerank_routes import DOCUMENTS, LONG, NEEDLE, OFFICE, QUERY, SAME, in_order, tei_error
from tests.http.services import JSON, RERANK, Service
from tests.http.shared import FRAIL_BODY_BYTES, POISON


def post(service: Service, *texts: object, **fields: object) -> httpx.Response:
    return service.server.client.post("/rerank", json={"query": QUERY, "texts": texts, **fields})


@pytest.mark.parametrize(
    ("return_text", "name"), [(False, "tei_rerank"), (True, "tei_rerank_with_text")], ids=["without", "with"]
)
def test_the_answer_has_exactly_the_golden_keys(rerank: Service, return_text: bool, name: str) -> None:
    assert shape(post(rerank, *DOCUMENTS, return_text=return_text).json()) == golden(name)


def test_texts_are_returned_with_their_ranks(rerank: Service) -> None:
    ranks = post(rerank, OFFICE, NEEDLE, return_text=True).json()
    assert [(rank["index"], rank["text"]) for rank in ranks] == [(1, NEEDLE), (0, OFFICE)]


def test_raw_scores_are_logits(rerank: Service) -> None:
    logits = np.array(in_order(post(rerank, *DOCUMENTS, raw_scores=True).json(), "score"))
    scores = in_order(post(rerank, *DOCUMENTS).json(), "score")
    assert (1 / (1 + np.exp(-logits))).tolist() == pytest.approx(scores, abs=SAME)


def test_of_a_longer_text_one_window_is_scored_on_request(rerank: Service) -> None:
    cut, native = (
        post(rerank, LONG + NEEDLE, truncate=True).json()[0]["score"],
        rerank.post(LONG + NEEDLE, query=QUERY).json()["results"][0]["score"],
    )
    assert native > 2 * cut


@pytest.mark.parametrize(("left", "right"), [("Left", "Right"), ("left", "right")])
def test_the_direction_is_the_side_that_is_lost(rerank: Service, left: str, right: str) -> None:
    kept_end, kept_start = (
        post(rerank, LONG + NEEDLE, truncate=True, truncation_direction=side).json()[0]["score"]
        for side in (left, right)
    )
    assert kept_end > 2 * kept_start


def test_blank_texts_and_unknown_fields_are_taken(rerank: Service) -> None:
    assert len(post(rerank, "", " ", NEEDLE, heron=7, truncate=None).json()) == 3


@pytest.mark.parametrize("fields", [{}, {"truncate": True}, {"truncate": None}], ids=str)
def test_a_longer_text_is_truncated_by_default(rerank: Service, fields: dict[str, object]) -> None:
    assert post(rerank, NEEDLE, LONG, **fields).headers["X-Truncated"] == "1"


def test_a_longer_text_is_413_where_truncation_is_refused(rerank: Service) -> None:
    status, kind, message = tei_error(post(rerank, NEEDLE, LONG, truncate=False))
    assert (status, kind) == (413, "Validation")
    assert message.startswith("texts.1: The document has more than")


def test_a_longer_query_is_413_where_truncation_is_refused(rerank: Service) -> None:
    status, kind, message = tei_error(post(rerank, NEEDLE, query=LONG, truncate=False))
    assert (status, kind) == (413, "Validation")
    assert message.startswith("query: The query has more than")


def test_too_many_texts_are_413(rerank: Service) -> None:
    status, kind, _ = tei_error(post(rerank, *["heron"] * (RERANK.most_items + 1)))
    assert (status, kind) == (413, "Validation")


def test_an_empty_list_is_400(rerank: Service) -> None:
    assert tei_error(post(rerank)) == (400, "Empty", "`texts` cannot be empty")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"texts": ["heron", 7]}, "texts.1: Input should be a valid string"),
        ({"texts": "heron"}, "texts: Input should be a valid list"),
        ({"query": None}, "query: Input should be a valid string"),
        ({"truncation_direction": "Up"}, "truncation_direction: Input should be"),
        ({"raw_scores": "heron"}, "raw_scores: Input should be a valid boolean"),
        ({"documents": ["stork"]}, "documents: There is no such field here"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_value_of_the_wrong_type_is_422_and_its_place_is_named(
    rerank: Service, fields: dict[str, object], message: str
) -> None:
    body = {"query": QUERY, "texts": DOCUMENTS, **fields}
    status, kind, said = tei_error(rerank.server.client.post("/rerank", json=body))
    assert (status, kind) == (422, "Validation")
    assert said.startswith(message)


def test_a_missing_query_is_422_and_named(rerank: Service) -> None:
    answer = rerank.server.client.post("/rerank", json={"texts": DOCUMENTS})
    assert tei_error(answer) == (422, "Validation", "query: Field required")


def test_a_body_that_is_not_json_is_400(rerank: Service) -> None:
    status, kind, _ = tei_error(rerank.server.client.post("/tei/rerank", content=b"{not json", headers=JSON))
    assert (status, kind) == (400, "Validation")


def test_a_body_over_the_byte_limit_is_413(frail_rerank: Service) -> None:
    content = b" " * (FRAIL_BODY_BYTES + 1)
    status, kind, _ = tei_error(frail_rerank.server.client.post("/tei/rerank", content=content, headers=JSON))
    assert (status, kind) == (413, "Validation")


def test_a_full_queue_is_429_with_whole_seconds_to_wait(frail_rerank: Service) -> None:
    with frail_rerank.busy():
        answer = post(frail_rerank, *DOCUMENTS)
    assert tei_error(answer)[:2] == (429, "Overloaded")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_text_on_which_the_model_fails_is_424_and_named(frail_rerank: Service) -> None:
    status, kind, message = tei_error(post(frail_rerank, "heron", f"the {POISON} drinks"))
    assert (status, kind, message.partition(" ")[0]) == (424, "Backend", "texts.1:")


def test_a_passed_deadline_is_504(rerank: Service) -> None:
    body = {"query": QUERY, "texts": ["heron"]}
    answer = rerank.server.client.post("/rerank", json=body, headers={"X-Request-Timeout": "1e-9"})
    assert tei_error(answer)[0] == 504


def test_a_missing_key_is_401_in_the_dialects_shape_on_its_own_path(locked_rerank: Service) -> None:
    answer = locked_rerank.server.client.post("/tei/rerank", json={"query": QUERY, "texts": DOCUMENTS})
    assert tei_error(answer)[0] == 401


def predict(service: Service, inputs: object, **fields: object) -> httpx.Response:
    return service.server.client.post("/predict", json={"inputs": inputs, **fields})


def test_pairs_are_predicted_in_their_order(rerank: Service) -> None:
    scores = in_order(post(rerank, *DOCUMENTS).json(), "score")
    pairs = [[QUERY, document] for document in DOCUMENTS]
    answer = predict(rerank, pairs).json()
    assert [one["score"] for [one] in answer] == pytest.approx(scores, abs=SAME)
    assert {one["label"] for [one] in answer} == {"LABEL_0"}
    assert predict(rerank, pairs[0]).json() == answer[0]


def test_a_prediction_may_be_a_logit(rerank: Service) -> None:
    [logit], [score] = (predict(rerank, [QUERY, NEEDLE], raw_scores=raw).json() for raw in (True, None))
    assert 1 / (1 + np.exp(-logit["score"])) == pytest.approx(score["score"], abs=SAME)


def test_of_a_longer_pair_one_window_is_predicted(rerank: Service) -> None:
    assert predict(rerank, [[QUERY, NEEDLE], [QUERY, LONG]]).headers["X-Truncated"] == "1"
    status, _, message = tei_error(predict(rerank, [[QUERY, NEEDLE], [QUERY, LONG]], truncate=False))
    assert (status, message.partition(":")[0]) == (413, "inputs.1")


@pytest.mark.parametrize(
    ("inputs", "place"),
    [
        (QUERY, "inputs"),
        ([QUERY], "inputs"),
        ([[QUERY]], "inputs.0"),
        ([], "inputs"),
        ([[QUERY, NEEDLE], QUERY], "inputs.1"),
        ([[QUERY, 7]], "inputs.0"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_pair_is_422_and_named(rerank: Service, inputs: object, place: str) -> None:
    status, kind, message = tei_error(predict(rerank, inputs))
    assert (status, kind, message.partition(":")[0]) == (422, "Validation", place)


def test_a_long_query_that_is_refused_is_named_by_its_pair(rerank: Service) -> None:
    refused = predict(rerank, [[QUERY, NEEDLE], [LONG, NEEDLE]], truncate=False)
    assert tei_error(refused)[2].partition(":")[0] == "inputs.1"
