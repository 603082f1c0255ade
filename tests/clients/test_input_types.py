"""Which prompt a text gets, in the words of every vendor, and when a request says nothing."""

from typing import Any

import pytest

from tests.clients.embed_requests import OF_E5, TEXT, native, openai, same, send
from tests.http.services import Service
from tests.http.shared import E5


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/v1/embeddings", OF_E5, "query"),
        ("/v1/embed", {"texts": [TEXT]}, "query"),
        ("/embed", {"texts": [TEXT]}, "query"),
        ("/embed", {"inputs": TEXT}, "none"),
        ("/v1/embeddings", {**OF_E5, "truncation": True}, "query"),
        ("/v1/embeddings", {**OF_E5, "input_type": "passage"}, "passage"),
    ],
    ids=str,
)
def test_each_answer_names_the_input_type(e5: Service, path: str, body: dict[str, Any], said: str) -> None:
    assert send(e5, path, body).headers["X-Input-Type"] == said


def test_the_log_warns_once_of_requests_that_say_no_input_type(e5: Service) -> None:
    for _ in range(2):
        openai(e5)
    assert e5.server.log.count("say no input type") == 1


def test_the_default_may_be_none(set_otherwise: Service) -> None:
    plain = native(set_otherwise, TEXT, input_type="none")
    assert same(openai(set_otherwise), plain)
    assert not same(plain, native(set_otherwise, TEXT, input_type="query"))
    assert "say no input type" not in set_otherwise.server.log


def test_teis_dialect_adds_a_prompt_only_where_prompt_name_or_a_setting_asks(
    e5: Service, set_otherwise: Service
) -> None:
    for path in ("/embed", "/"):
        assert same(send(e5, path, {"inputs": TEXT}).json(), native(e5, TEXT, input_type="none"))
        assert same(send(set_otherwise, path, {"inputs": TEXT}).json(), native(e5, TEXT, input_type="query"))
    asked = send(e5, "/embed", {"inputs": TEXT, "prompt_name": "passage"}).json()
    assert same(asked, native(e5, TEXT, input_type="passage"))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("document", "passage"),
        ("search_document", "passage"),
        ("retrieval.passage", "passage"),
        ("PASSAGE", "passage"),
        ("search_query", "query"),
        ("retrieval.query", "query"),
        ("none", "none"),
    ],
)
def test_names_of_all_vendors_are_understood_everywhere(e5: Service, name: str, meant: str) -> None:
    right = native(e5, TEXT, input_type=meant)
    assert same(native(e5, TEXT, input_type=name), right)
    assert same(openai(e5, input_type=name), right)
    assert same(openai(e5, input_type=name, truncation=True), right)
    assert same(send(e5, "/embed", {"inputs": TEXT, "prompt_name": name}).json(), right)
    assert same(send(e5, "/v1/embed", {"texts": [TEXT], "input_type": name}).json()["embeddings"], right)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/embeddings", OF_E5, "`input_type` chooses"),
        ("/v1/embed", {"texts": [TEXT]}, "`input_type` chooses"),
        ("/v2/embed", {"texts": [TEXT], "model": E5, "input_type": "search_query"}, "`input_type` chooses"),
        ("/voyage/v1/embeddings", OF_E5, "`input_type` chooses"),
        ("/tei/embed", {"inputs": TEXT}, "`prompt_name` chooses"),
        ("/similarity", {"inputs": {"source_sentence": TEXT, "sentences": [TEXT]}}, "`prompt_name` chooses"),
    ],
)
def test_a_prompt_of_the_callers_own_is_refused_with_the_field_to_use(
    e5: Service, path: str, body: dict[str, Any], field: str
) -> None:
    for name in ("instruction", "prompt"):
        answer = e5.server.client.post(path, json={**body, name: "Represent this text: "})
        assert answer.status_code in (400, 422)
        assert name in answer.text
        assert field in answer.text


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_an_alias_may_say_the_type(set_otherwise: Service, kind: str) -> None:
    right = native(set_otherwise, TEXT, input_type=kind)
    assert same(openai(set_otherwise, model=f"e5-{kind}"), right)
    cohere = {"texts": [TEXT], "model": f"e5-{kind}"}
    assert same(send(set_otherwise, "/v1/embed", cohere).json()["embeddings"], right)
    other = openai(set_otherwise, model=f"e5-{kind}", input_type="none")
    assert same(other, native(set_otherwise, TEXT, input_type="none")), "a request's own field goes before it"


@pytest.mark.parametrize("name", ["e5-pasage", "E5-passage", "e5_passage"])
def test_a_misspelt_alias_is_404_and_the_right_one_named(e5: Service, name: str) -> None:
    for path, body in (("/v1/embeddings", OF_E5), ("/v1/embed", {"texts": [TEXT]})):
        answer = e5.server.client.post(path, json={**body, "model": name})
        assert answer.status_code == 404
        assert f"The model '{name}' is not served here: did you mean 'e5-passage'?" in answer.text


def test_other_suffixes_are_part_of_the_name(set_otherwise: Service) -> None:
    names = [model["id"] for model in set_otherwise.server.client.get("/v1/models").json()["data"]]
    assert names == [E5, "e5-passage", "e5-query", "e5:latest"]
    assert same(openai(set_otherwise, model="e5:latest"), native(set_otherwise, TEXT, input_type="none"))


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_a_text_that_begins_with_a_prompt_gets_none(e5: Service, kind: str) -> None:
    before = e5.server.metric("duobento_texts_with_prompt_total")
    answer = e5.post(f"{kind}: {TEXT}", TEXT, input_type="query").json()
    assert same(answer["embeddings"][:1], native(e5, TEXT, input_type=kind))
    assert e5.server.metric("duobento_texts_with_prompt_total") == before + 1


@pytest.mark.parametrize(
    "text", [f"passage:{TEXT}", f"Passage: {TEXT}", f" passage: {TEXT}", "query:{ birds { legs } }"]
)
def test_one_that_only_looks_like_it_is_a_text_like_any_other(e5: Service, set_otherwise: Service, text: str) -> None:
    """A document may well begin so: without a prompt it would be found less well than a slip is with two."""
    before = e5.server.metric("duobento_texts_with_prompt_total")
    assert same(native(e5, text, input_type="passage"), native(set_otherwise, text, input_type="passage"))
    assert e5.server.metric("duobento_texts_with_prompt_total") == before


def test_it_keeps_its_prompt_when_it_loses_its_start(e5: Service) -> None:
    long = "heron " * 2000
    kept = e5.post(f"passage: {long}", truncate="start", input_type="query").json()["embeddings"]
    assert same(kept, e5.post(long, truncate="start", input_type="passage").json()["embeddings"])


def test_unless_a_setting_says_otherwise(e5: Service, set_otherwise: Service) -> None:
    twice = native(set_otherwise, f"passage: {TEXT}", input_type="query")
    assert same(twice, native(e5, f"query: passage: {TEXT}", input_type="none"))
