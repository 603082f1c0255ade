"""A field that a dialect has not is refused if it would change the answer or is one of its own misspelt."""

import httpx
import pytest

from tests.http.dialects.error_shapes import sentence
from tests.http.services import EMBED, RERANK, Service

OPENAI = ("embed", "/v1/embeddings", {"input": "heron", "model": EMBED.model})
COHERE_V1 = ("embed", "/v1/embed", {"texts": ["heron"]})
COHERE_V2 = ("embed", "/v2/embed", {"texts": ["heron"], "model": EMBED.model, "input_type": "search_query"})
VOYAGE = ("embed", "/voyage/v1/embeddings", {"input": "heron", "model": EMBED.model})
TEI = ("embed", "/embed", {"inputs": "heron"})
RANK_V1 = ("rerank", "/v1/rerank", {"query": "heron", "documents": ["heron", "stork"]})
RANK_V2 = ("rerank", "/v2/rerank", {"query": "heron", "documents": ["heron"], "model": RERANK.model})
RANK_VOYAGE = ("rerank", "/voyage/v1/rerank", {"query": "heron", "documents": ["heron"], "model": RERANK.model})
RANK_TEI = ("rerank", "/rerank", {"query": "heron", "texts": ["heron"]})
SCORE = ("rerank", "/v1/score", {"text_1": "heron", "text_2": "stork"})
RANKING = (
    "rerank",
    "/v1/ranking",
    {"query": {"text": "heron"}, "passages": [{"text": "heron"}], "model": RERANK.model},
)

Valid = tuple[str, str, dict[str, object]]


@pytest.mark.parametrize(
    ("valid", "field", "words"),
    [
        (OPENAI, {"embedding_types": ["int8"]}, "`embedding_type` chooses"),
        (("embed", "/embeddings", OPENAI[2]), {"output_dimension": 256}, "`dimensions` chooses"),
        (COHERE_V2, {"dimensions": 256}, "`output_dimension` chooses"),
        (VOYAGE, {"dimensions": 256}, "`output_dimension` chooses"),
        (TEI, {"output_dimension": 256}, "`dimensions` chooses"),
        (OPENAI, {"task_type": "RETRIEVAL_DOCUMENT"}, "`input_type` chooses"),
        (OPENAI, {"extra_body": {"input_type": "passage"}}, "in the body itself"),
        (COHERE_V1, {"embedding_type": "int8"}, "`embedding_types` lists"),
        (COHERE_V2, {"embedding_type": ["int8"]}, "`embedding_types` lists"),
        (COHERE_V2, {"encoding_format": "base64"}, "`embedding_types` lists"),
        (COHERE_V2, {"normalize": False}, "change the vectors"),
        (VOYAGE, {"embedding_type": "binary"}, "`output_dtype` chooses"),
        (TEI, {"encoding_format": "base64"}, "change the vectors"),
        (TEI, {"normalized": False}, "change the vectors"),
        (TEI, {"parameters": {"truncate": False}}, "beside `inputs`"),
        (RANK_V1, {"normalize": False}, "change the scores"),
        (RANK_V2, {"extra_body": {"top_n": 1}}, "in the body itself"),
    ],
)
def test_a_field_of_another_vendor_that_would_change_the_answer_is_refused(
    request: pytest.FixtureRequest, valid: Valid, field: dict[str, object], words: str
) -> None:
    answer = _post(request, valid, field)
    assert answer.status_code in {400, 422}
    assert f"{next(iter(field))}: There is no such field here" in sentence(answer)
    assert words in sentence(answer)


@pytest.mark.parametrize(
    ("valid", "field"),
    [
        (OPENAI, {"embedding_types": ["float"]}),
        (OPENAI, {"embedding_types": None, "output_dtype": None, "extra_body": {}}),
        (COHERE_V2, {"embedding_type": "float", "encoding_format": "float"}),
        (TEI, {"encoding_format": "float", "normalized": True, "parameters": {}}),
        (RANK_V1, {"normalize": True}),
    ],
    ids=str,
)
def test_one_that_asks_for_what_is_done_anyway_is_not(
    request: pytest.FixtureRequest, valid: Valid, field: dict[str, object]
) -> None:
    assert _post(request, valid, field).status_code == 200


@pytest.mark.parametrize(
    ("valid", "field", "meant"),
    [
        (OPENAI, "dimension", "dimensions"),
        (OPENAI, "inputType", "input_type"),
        (OPENAI, "input_typ", "input_type"),
        (COHERE_V1, "embeddingTypes", "embedding_types"),
        (COHERE_V2, "output_dimensions", "output_dimension"),
        (VOYAGE, "outputDimension", "output_dimension"),
        (TEI, "truncat", "truncate"),
        (TEI, "promptName", "prompt_name"),
        (RANK_V1, "topN", "top_n"),
        (RANK_V1, "return_document", "return_documents"),
        (RANK_V2, "max_token_per_doc", "max_tokens_per_doc"),
        (RANK_VOYAGE, "topK", "top_k"),
        (RANK_TEI, "raw_score", "raw_scores"),
        (SCORE, "use_activations", "use_activation"),
        (RANKING, "truncte", "truncate"),
    ],
)
@pytest.mark.parametrize("value", [False, 7, "heron"], ids=repr)
def test_a_misspelt_field_is_refused_and_the_right_one_named(
    request: pytest.FixtureRequest, valid: Valid, field: str, meant: str, value: object
) -> None:
    answer = _post(request, valid, {field: value})
    assert answer.status_code in {400, 422}
    assert f"{field}: There is no such field here: did you mean {meant}?" in sentence(answer)


@pytest.mark.parametrize("valid", [OPENAI, COHERE_V2, VOYAGE, TEI, RANK_V1, RANK_TEI, SCORE, RANKING])
def test_one_that_is_null_or_like_none_is_ignored(request: pytest.FixtureRequest, valid: Valid) -> None:
    null = dict.fromkeys(("dimension", "inputType", "topN", "truncat", "return_document"))
    others = {"stream": True, "top_p": 1, "cache_salt": "heron", "request_id": "heron", "mode": "heron"}
    assert _post(request, valid, {**null, **others}).status_code == 200


def test_the_place_of_a_misspelt_field_is_its_name(embed: Service) -> None:
    answer = embed.server.client.post("/v1/embeddings", json={"input": "heron", "dimension": 7})
    assert answer.json()["error"]["param"] == "dimension"


def test_a_misspelt_parameter_of_similarity_is_named_with_its_place(embed: Service) -> None:
    inputs = {"source_sentence": "heron", "sentences": ["stork"]}
    answer = embed.server.client.post("/similarity", json={"inputs": inputs, "parameters": {"truncat": False}})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("parameters.truncat: There is no such field here: did you mean truncate?")


def test_a_misspelt_field_of_relevant_spans_is_refused(rerank: Service) -> None:
    spans = {"mode": "enabled", "treshold": 0.5}
    answer = rerank.server.client.post("/v2/rerank", json={**RANK_V2[2], "relevant_spans": spans})
    assert answer.status_code == 400
    assert "relevant_spans.treshold: There is no such field here: did you mean threshold?" in answer.json()["message"]


def _post(request: pytest.FixtureRequest, valid: Valid, fields: dict[str, object]) -> httpx.Response:
    name, path, body = valid
    service: Service = request.getfixturevalue(name)
    return service.server.client.post(path, json={**body, **fields})
