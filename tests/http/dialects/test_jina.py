"""`POST /v1/rerank` as Jina's clients know it: the same route and answer as Cohere v1's."""

from tests.http.dialects.golden_shapes import golden, shape
from tests.http.dialects.rerank_routes import DOCUMENTS, LONG, NEEDLE, OFFICE, SHORT_READ, post
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


def test_total_tokens_are_those_of_the_native_route(rerank: Service) -> None:
    native = rerank.server.client.post("/rerank", json={"query": "heron", "documents": DOCUMENTS}).json()["tokens"]
    usage = post(rerank, PATH, DOCUMENTS, query="heron").json()["usage"]
    assert usage == {"total_tokens": native}
