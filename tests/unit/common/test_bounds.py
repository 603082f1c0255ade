"""All that a body holds has a bound, which OpenAPI shows, and of many errors only the first is looked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from bentos.common.bounds import MOST_FIELDS, MOST_TOKEN_IDS
from bentos.common.errors import InvalidInput, TooManyItems, TooManyTokens
from bentos.common.http.body import validated
from bentos.common.http.dialects import cohere_tokens, tei_tokens
from bentos.embed.schemas import cohere as embed_cohere
from bentos.embed.schemas import native as embed_native
from bentos.embed.schemas import openai
from bentos.embed.schemas import tei as embed_tei
from bentos.embed.schemas import voyage as embed_voyage
from bentos.rerank.schemas import cohere as rerank_cohere
from bentos.rerank.schemas import native as rerank_native
from bentos.rerank.schemas import nvidia, vllm
from bentos.rerank.schemas import tei as rerank_tei
from bentos.rerank.schemas import voyage as rerank_voyage

BODIES: dict[type[BaseModel], dict[str, Any]] = {
    embed_native.EmbedBody: {},
    embed_cohere.EmbedV1Body: {},
    embed_cohere.EmbedV2Body: {"model": "m", "input_type": "search_query"},
    openai.EmbeddingsBody: {"model": "m"},
    embed_tei.EmbedTEIBody: {},
    cohere_tokens.TokenizeBody: {"model": "m"},
    cohere_tokens.DetokenizeBody: {"model": "m"},
    rerank_native.RerankBody: {"query": "q", "documents": ["d"]},
    rerank_cohere.RerankV1Body: {"query": "q", "documents": ["d"]},
    rerank_cohere.RerankV2Body: {"query": "q", "documents": ["d"], "model": "m"},
    rerank_tei.RerankTEIBody: {"query": "q"},
    rerank_tei.PredictTEIBody: {},
    rerank_voyage.RerankVoyageBody: {"query": "q", "documents": ["d"], "model": "m"},
    embed_voyage.EmbeddingsVoyageBody: {"model": "m"},
    embed_tei.SimilarityTEIBody: {},
    nvidia.RankingBody: {"query": {"text": "q"}, "passages": [{"text": "d"}], "model": "m"},
    vllm.ScoreBody: {},
    tei_tokens.TokenizeTEIBody: {},
    tei_tokens.DecodeTEIBody: {},
}
OF_OTHER_ITEMS = {tei_tokens.DecodeTEIBody, rerank_tei.PredictTEIBody, nvidia.RankingBody}
"""Bodies whose lists are not of strings, or of one kind."""
BOUNDS = {"string": "maxLength", "array": "maxItems", "object": "maxProperties"}


def lists() -> list[Any]:
    """All fields of bodies that take lists, but for the one that is refused as a whole."""
    return [
        pytest.param(model, name, id=f"{model.__name__}.{name}")
        for model in BODIES
        if model not in OF_OTHER_ITEMS
        for name, field in model.model_json_schema()["properties"].items()
        if any(choice.get("type") == "array" for choice in [field, *field.get("anyOf", ())]) and name != "images"
    ]


def unbounded(schema: dict[str, Any], path: str) -> Iterator[str]:
    """Places of a JSON schema whose values may be of any size."""
    bound = BOUNDS.get(schema.get("type", ""))
    if bound and bound not in schema and not schema.keys() & {"enum", "const", "properties"}:
        yield path
    for name, part in [*schema.get("properties", {}).items(), *schema.get("$defs", {}).items()]:
        yield from unbounded(part, f"{path}.{name}")
    parts = [*schema.get("anyOf", ()), *(schema[key] for key in ("items", "additionalProperties") if key in schema)]
    for part in parts:
        if isinstance(part, dict):
            yield from unbounded(part, f"{path}.*")


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_every_string_list_and_object_of_a_body_has_a_bound(model: type[BaseModel]) -> None:
    assert list(unbounded(model.model_json_schema(), model.__name__)) == []


@pytest.mark.parametrize(("model", "field"), lists())
def test_of_a_list_of_wrong_items_only_the_first_is_looked_at(model: type[BaseModel], field: str) -> None:
    body = {**BODIES[model], field: [1.5] * 90}
    with pytest.raises((ValidationError, InvalidInput)) as refused:
        model.model_validate(body)
    if isinstance(refused.value, ValidationError):
        assert refused.value.error_count() == 1
    with pytest.raises(InvalidInput) as refused_with_place:
        validated(body, TypeAdapter(model))
    assert refused_with_place.value.param == f"{field}.0"


@pytest.mark.parametrize(("model", "field"), lists())
def test_a_list_of_too_many_items_is_refused(model: type[BaseModel], field: str) -> None:
    items: dict[str, object] = {"tokens": 7, "embedding_types": "float"}
    with pytest.raises(TooManyItems):
        validated({**BODIES[model], field: [items.get(field, "heron")] * 70_000}, TypeAdapter(model))


@pytest.mark.parametrize("model", BODIES, ids=lambda model: model.__name__)
def test_a_body_of_too_many_fields_is_refused_before_any_is_looked_at(model: type[BaseModel]) -> None:
    with pytest.raises(TooManyItems, match=f"has 5000 fields, more than the limit of {MOST_FIELDS}"):
        validated({f"field {number}": None for number in range(5000)}, TypeAdapter(model))


@pytest.mark.parametrize(("model", "field"), [(openai.EmbeddingsBody, "input"), (embed_tei.EmbedTEIBody, "inputs")])
@pytest.mark.parametrize(
    "ids",
    [[7] * (MOST_TOKEN_IDS + 1), [[7] * (MOST_TOKEN_IDS // 100)] * 101, [7] * MOST_TOKEN_IDS + ["heron"]],
    ids=["one list", "lists", "not all ids"],
)
def test_token_ids_are_counted_before_they_are_looked_at(model: type[BaseModel], field: str, ids: object) -> None:
    with pytest.raises(TooManyTokens, match=f"max {MOST_TOKEN_IDS} tokens"):
        model.model_validate({**BODIES[model], field: ids})


def test_a_content_of_too_many_parts_is_refused() -> None:
    body = {**BODIES[embed_cohere.EmbedV2Body], "inputs": [{"content": [{"type": "text", "text": "heron"}] * 1001}]}
    with pytest.raises(TooManyItems) as refused:
        validated(body, TypeAdapter(embed_cohere.EmbedV2Body))
    assert refused.value.param == "inputs.0.content"


@pytest.mark.parametrize("model", [rerank_native.RerankBody, rerank_cohere.RerankV1Body])
def test_a_document_of_too_many_fields_is_refused(model: type[BaseModel]) -> None:
    document = {"text": "heron"} | {str(number): 1 for number in range(1000)}
    with pytest.raises(InvalidInput) as refused:
        validated({"query": "q", "documents": ["heron", document]}, TypeAdapter(model))
    assert refused.value.param == "documents.1"


@pytest.mark.parametrize("number", [float("inf"), float("-inf")])
def test_a_number_that_could_not_be_returned_is_refused(number: float) -> None:
    """JSON has numbers that no float holds, such as 1e400."""
    document = {"text": "heron", "facts": [{"null": None}, {"legs": [2, number]}]}
    with pytest.raises(InvalidInput, match="a number is too large") as refused:
        validated({"query": "q", "documents": ["heron", document]}, TypeAdapter(rerank_cohere.RerankV1Body))
    assert refused.value.param == "documents.1"


@pytest.mark.parametrize("document", [{"text": None}, {"text": "null", "legs": [None, 2.5]}])
def test_null_in_a_document_is_no_number(document: dict[str, Any]) -> None:
    body = validated({"query": "q", "documents": [document]}, TypeAdapter(rerank_cohere.RerankV1Body))
    assert body.documents == [document]


def test_names_that_a_caller_invents_are_cut_in_errors() -> None:
    with pytest.raises(InvalidInput) as refused:
        validated({"text": "heron", "k" * 10_000_000: 1}, TypeAdapter(embed_native.EmbedBody))
    assert refused.value.param == "k" * 63 + "…"
    assert len(refused.value.message) < 200


def test_the_schema_of_float_vectors_is_that_of_numbers() -> None:
    [vectors] = [
        part for part in embed_cohere.ByType.model_json_schema()["properties"]["float"]["anyOf"] if "items" in part
    ]
    assert vectors["items"] == {"items": {"type": "number"}, "type": "array"}


@pytest.mark.parametrize("body", [None, 1, "a", [], True])
def test_a_body_that_is_no_object_is_told_what_it_should_be(body: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        validated(body, TypeAdapter(embed_native.EmbedBody))
    assert (refused.value.message, refused.value.param) == ("The body should be a JSON object.", None)


@pytest.mark.parametrize("number", [1e308, -1e300, 1e19])
def test_a_number_beyond_an_integers_range_is_not_called_a_string(number: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        validated({"input": "a", "model": "m", "dimensions": number}, TypeAdapter(openai.EmbeddingsBody))
    assert refused.value.message == "dimensions: Input should be an integer of 64 bits"
