"""`POST /v1/rerank` as Jina's clients know it: the same route and answer as Cohere v1's."""

import pytest

from tests.http.dialects.error_shapes import jina_error
from tests.http.dialects.golden_shapes import golden, shape
from tests.http.dialects.rerank_routes import DOCUMENTS, LONG, NEEDLE, OFFICE, QUERY, SHORT_READ, post, relevance
from tests.http.services import RERANK, Service
from tests.http.shared import JINA_ALIAS

PATH = "/v1/rerank"


def test_the_answer_has_exactly_the_golden_keys(frail_rerank: Service) -> None:
    assert shape(post(frail_rerank, PATH, [NEEDLE, LONG], model=JINA_ALIAS, **SHORT_READ).json()) == golden(
        "jina_rerank"
    )


def test_the_answer_names_the_model_that_really_answered(frail_rerank: Service) -> None:
    assert post(frail_rerank, PATH, DOCUMENTS, model=JINA_ALIAS).json()["model"] == RERANK.model


def test_documents_are_returned_to_who_asks_for_a_model_of_jina(frail_rerank: Service) -> None:
    results = post(frail_rerank, PATH, [OFFICE, {"text": NEEDLE}], model=JINA_ALIAS).json()["results"]
    assert [result["document"] for result in results] == [{"text": NEEDLE}, {"text": OFFICE}]


def test_documents_are_not_returned_where_they_are_refused(frail_rerank: Service) -> None:
    results = post(frail_rerank, PATH, DOCUMENTS, model=JINA_ALIAS, return_documents=False).json()["results"]
    assert not any("document" in result for result in results)


@pytest.mark.parametrize(
    ("fields", "same_as"),
    [
        ({"max_doc_length": 100}, {"max_tokens_per_doc": 100}),
        ({"truncation": True, "top_n": 4}, {}),
        ({"query": {"text": QUERY}}, {}),
        ({"return_embeddings": False}, {}),
    ],
    ids=str,
)
def test_jinas_fields_are_obeyed(rerank: Service, fields: dict[str, object], same_as: dict[str, object]) -> None:
    documents = [*DOCUMENTS, LONG + NEEDLE]
    assert relevance(rerank, PATH, documents, **fields) == relevance(rerank, PATH, documents, **same_as)


def test_a_shorter_limit_of_the_query_is_obeyed(rerank: Service) -> None:
    answer = post(rerank, PATH, DOCUMENTS, max_query_length=2)
    assert answer.headers["X-Truncated"] == "query"


def test_truncation_may_be_refused(rerank: Service) -> None:
    fields: dict[str, object] = {"truncation": False, "top_n": 1, "max_doc_length": 100}
    assert jina_error(post(rerank, PATH, [NEEDLE, LONG], **fields))[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"chat_template": "{{ query }}"},
        {"return_embeddings": True},
        {"overlap_tokens": 80},
    ],
    ids=str,
)
def test_what_no_model_here_can_obey_is_refused_and_named(rerank: Service, fields: dict[str, object]) -> None:
    [name] = fields
    status, message = jina_error(post(rerank, PATH, DOCUMENTS, **fields))
    assert (status, message) == (
        400,
        f"invalid request: {name}: There is no such field here, and it would change the scores.",
    )


def test_an_instruction_is_for_models_that_take_one(rerank: Service) -> None:
    status, message = jina_error(post(rerank, PATH, DOCUMENTS, instruction="Find birds."))
    assert (status, message) == (400, "invalid request: instruction: This model takes no instruction.")
    assert post(rerank, PATH, DOCUMENTS, instruction="").status_code == 200


def test_total_tokens_are_those_of_the_native_route(rerank: Service) -> None:
    native = rerank.server.client.post("/rerank", json={"query": "heron", "documents": DOCUMENTS}).json()["tokens"]
    usage = post(rerank, PATH, DOCUMENTS, query="heron").json()["usage"]
    assert usage == {"prompt_tokens": native, "completion_tokens": 0, "total_tokens": native}


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"max_doc_length": 5, "max_tokens_per_doc": 6}, "max_doc_length"),
        ({"max_query_length": 5, "max_tokens_per_query": 6}, "max_tokens_per_query"),
        ({"top_n": 1, "top_k": 2}, "top_k"),
        ({"truncate": "END", "truncation": False}, "truncation"),
        ({"raw_scores": True, "use_activation": True}, "use_activation"),
        ({"query": {"text": QUERY, "image": "https://heron.example/one.png"}}, "query"),
    ],
    ids=str,
)
def test_what_contradicts_itself_or_asks_for_more_than_text_is_400_and_named(
    rerank: Service, fields: dict[str, object], place: str
) -> None:
    status, message = jina_error(post(rerank, PATH, DOCUMENTS, **fields))[:2]
    assert (status, message.removeprefix("invalid request: ").partition(":")[0]) == (400, place)


def test_top_k_keeps_the_best_where_a_body_is_not_voyages(rerank: Service) -> None:
    best = post(rerank, "/rerank", DOCUMENTS, top_n=2).json()["results"]
    assert post(rerank, "/rerank", DOCUMENTS, top_k=2).json()["results"] == best
