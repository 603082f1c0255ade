"""`relevant_spans`, as Cohere's SDK 7.3 asks for them: sentences or short windows of the documents that come back."""

from itertools import pairwise
from typing import Any

import pytest

from tests.http.dialects.rerank_routes import FILLER, NEEDLE, QUERY, cohere_error, post
from tests.http.services import RERANK, Service

ENABLED = {"mode": "enabled"}
ALL = {"mode": "enabled", "threshold": 0}
NEEDLE_AMONG = f"🦩 {FILLER * 2}{NEEDLE} It is patient, and it eats frogs, mice and insects as well. {FILLER * 2}"


@pytest.fixture(params=["/v1/rerank", "/v2/rerank"])
def path(request: pytest.FixtureRequest) -> str:
    """Each version's route."""
    chosen: str = request.param
    return chosen


def spans(service: Service, documents: list[Any], path: str = "/v2/rerank", **fields: Any) -> dict[int, list[Any]]:
    """Spans of each document that has any."""
    answer = post(service, path, documents, **fields)
    assert answer.status_code == 200, answer.text
    return {
        result["index"]: result["relevant_spans"] for result in answer.json()["results"] if "relevant_spans" in result
    }


def test_the_best_span_is_the_sentence_that_answers(rerank: Service, path: str) -> None:
    [best, *others] = spans(rerank, [NEEDLE_AMONG], path, relevant_spans=ALL)[0]
    text = NEEDLE_AMONG[best["start"] : best["end"]]
    assert NEEDLE in text
    assert text == text.strip()
    assert all(other["score"] <= best["score"] for other in others)
    assert [span["score"] for span in others] == sorted((span["score"] for span in others), reverse=True)


def test_spans_do_not_overlap_and_cover_the_document(rerank: Service) -> None:
    found = sorted(spans(rerank, [NEEDLE_AMONG], relevant_spans=ALL)[0], key=lambda span: int(span["start"]))
    assert found[0]["start"] == 0
    assert found[-1]["end"] == len(NEEDLE_AMONG.strip())
    for one, next_one in pairwise(found):
        assert NEEDLE_AMONG[one["end"] : next_one["start"]].strip() == ""


def test_a_span_has_the_score_of_the_same_text_alone(rerank: Service) -> None:
    best = spans(rerank, [NEEDLE_AMONG], relevant_spans=ALL)[0][0]
    text = NEEDLE_AMONG[best["start"] : best["end"]]
    alone = rerank.post(text, query=QUERY).json()["results"][0]["score"]
    assert best["score"] == pytest.approx(alone, abs=1e-5)


def test_only_spans_over_the_threshold_come_back(rerank: Service) -> None:
    everything = spans(rerank, [NEEDLE_AMONG], relevant_spans=ALL)[0]
    threshold = everything[0]["score"] - 1e-6
    assert spans(rerank, [NEEDLE_AMONG], relevant_spans={**ENABLED, "threshold": threshold})[0] == everything[:1]
    assert spans(rerank, [NEEDLE_AMONG], relevant_spans={**ENABLED, "threshold": 1}) == {}
    usual = spans(rerank, [NEEDLE_AMONG], relevant_spans=ENABLED).get(0, [])
    assert usual == [span for span in everything if span["score"] > 0.1]


def test_no_more_spans_than_asked_for_come_back(rerank: Service) -> None:
    everything = spans(rerank, [NEEDLE_AMONG], relevant_spans=ALL)[0]
    assert len(everything) > 2
    assert spans(rerank, [NEEDLE_AMONG], relevant_spans={**ALL, "max_spans": 2})[0] == everything[:2]


def test_only_documents_that_come_back_have_spans(rerank: Service) -> None:
    whole, best = (
        post(rerank, "/v2/rerank", [FILLER, NEEDLE_AMONG], relevant_spans=ALL, top_n=top_n).json() for top_n in (2, 1)
    )
    assert [result["index"] for result in best["results"]] == [1]
    assert best["results"][0]["relevant_spans"] == whole["results"][0]["relevant_spans"]
    assert best["meta"]["tokens"]["input_tokens"] < whole["meta"]["tokens"]["input_tokens"]


def test_a_document_that_is_cut_has_spans_in_what_was_read(rerank: Service) -> None:
    document = FILLER * 20 + NEEDLE
    found = spans(rerank, [document], relevant_spans=ALL, max_tokens_per_doc=50)[0]
    assert max(span["end"] for span in found) < len(document) / 2
    kept_end = spans(rerank, [document], relevant_spans=ALL, max_tokens_per_doc=50, truncate="START")[0]
    assert max(span["end"] for span in kept_end) == len(document)
    assert min(span["start"] for span in kept_end) > len(document) / 2


def test_places_in_an_object_are_those_in_the_field_that_is_scored(rerank: Service) -> None:
    of_string, of_object = (
        spans(rerank, [document], relevant_spans=ALL)[0] for document in (NEEDLE_AMONG, {"text": NEEDLE_AMONG, "id": 7})
    )
    assert of_object == of_string


def test_empty_documents_have_none(rerank: Service) -> None:
    assert spans(rerank, ["", " "], relevant_spans=ALL) == {}


def test_there_are_none_unless_they_are_enabled(rerank: Service) -> None:
    for asked in ({"mode": "disabled"}, None):
        body = {"model": RERANK.model, "query": QUERY, "documents": [NEEDLE_AMONG], "relevant_spans": asked}
        [result] = rerank.server.client.post("/v2/rerank", json=body).json()["results"]
        assert result.keys() == {"index", "relevance_score"}


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({}, "relevant_spans.mode"),
        ({"mode": "auto"}, "relevant_spans.mode"),
        ({"mode": "enabled", "threshold": 1.5}, "relevant_spans.threshold"),
        ({"mode": "enabled", "max_spans": 0}, "relevant_spans.max_spans"),
    ],
    ids=str,
)
def test_a_wrong_value_is_400_and_its_place_is_named(rerank: Service, asked: dict[str, Any], place: str) -> None:
    status, message = cohere_error(post(rerank, "/v2/rerank", [NEEDLE], relevant_spans=asked))
    assert (status, message.split(": ")[1]) == (400, place)


SENTENCES = [
    "A heron stands still and waits for fish. ",
    "Its neck is bent, and its bill is long, sharp and yellow. ",
    "When a fish comes near it strikes within a moment, and swallows its prey whole. ",
    "Herons nest together in tall trees near a river or a lake. ",
    "In winter many of them move on to places where the water does not freeze. ",
    "Young birds are fed by both of their parents for some eight weeks. ",
]


@pytest.mark.parametrize(("top_n", "most"), [(10, 2.0), (None, 2.6)])
def test_spans_cost_a_bounded_share_of_tokens(rerank: Service, top_n: int | None, most: float) -> None:
    documents = ["".join(SENTENCES[(start + step) % 6] for step in range(6))[:400] for start in range(20)]
    without, with_spans = (
        post(rerank, "/v2/rerank", documents, top_n=top_n, relevant_spans=asked).json()["meta"]["tokens"]
        for asked in (None, ALL)
    )
    assert 70 * 20 < without["input_tokens"] < 120 * 20
    assert with_spans["input_tokens"] / without["input_tokens"] <= most
