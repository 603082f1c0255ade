"""`POST /v1/rerank` as Jina's clients know it: the same route and answer as Cohere v1's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.dialects.golden_shapes import golden, shape
from tests.http.dialects.rerank_routes import DOCUMENTS, LONG, NEEDLE, OFFICE, SHORT_READ, post
from tests.http.services import QUICK_STOP, RERANK, Service, running

PATH = "/v1/rerank"
MODEL = "jina-reranker-v2-base-multilingual"


@pytest.fixture(scope="module")
def aliased(home: Path, logs: Path) -> Iterator[Service]:
    """rerank-service that also answers to the name of a model of Jina's."""
    settings = {**RERANK.serving, **QUICK_STOP, "RERANK_MODEL_ALIASES": MODEL}
    with running(RERANK, settings, home=home, log=logs / "aliased-rerank.log") as service:
        yield service


def test_the_answer_has_exactly_the_golden_keys(aliased: Service) -> None:
    assert shape(post(aliased, PATH, [NEEDLE, LONG], model=MODEL, **SHORT_READ).json()) == golden("jina_rerank")


def test_the_answer_names_the_model_that_really_answered(aliased: Service) -> None:
    assert post(aliased, PATH, DOCUMENTS, model=MODEL).json()["model"] == RERANK.model


def test_documents_are_returned_to_who_asks_for_a_model_of_jina(aliased: Service) -> None:
    results = post(aliased, PATH, [OFFICE, {"text": NEEDLE}], model=MODEL).json()["results"]
    assert [result["document"] for result in results] == [{"text": NEEDLE}, {"text": OFFICE}]


def test_documents_are_not_returned_where_they_are_refused(aliased: Service) -> None:
    results = post(aliased, PATH, DOCUMENTS, model=MODEL, return_documents=False).json()["results"]
    assert not any("document" in result for result in results)


def test_total_tokens_are_those_of_the_native_route(rerank: Service) -> None:
    native = rerank.server.client.post("/rerank", json={"query": "heron", "documents": DOCUMENTS}).json()["tokens"]
    usage = post(rerank, PATH, DOCUMENTS, query="heron").json()["usage"]
    assert usage == {"total_tokens": native}
