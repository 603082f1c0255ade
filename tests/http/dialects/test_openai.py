"""`POST /v1/embeddings` and `GET /v1/models`, as OpenAI's clients know them."""

import base64

import httpx
import numpy as np
import pytest

from tests.http.dialects.error_shapes import openai_error
from tests.http.dialects.golden_shapes import golden, shape
from tests.http.services import EMBED, JSON, Service
from tests.http.shared import COHERE_ALIAS, FRAIL_BODY_BYTES, OPENAI_ALIAS, POISON

PATH = "/v1/embeddings"
LONG = "the heron waits " * 200


def post(service: Service, given: object, **fields: object) -> httpx.Response:
    """Send a request, changed by `fields`."""
    return service.server.client.post(PATH, json={"model": EMBED.model, "input": given, **fields})


def test_the_answer_has_exactly_the_golden_keys(embed: Service) -> None:
    assert shape(post(embed, ["heron", "stork"]).json()) == golden("openai_embeddings")


def test_the_answer_holds_a_vector_per_input_in_their_order(embed: Service) -> None:
    answer = post(embed, ["heron", "grey heron"]).json()
    assert (answer["object"], answer["model"]) == ("list", EMBED.model)
    assert [(item["object"], item["index"]) for item in answer["data"]] == [("embedding", 0), ("embedding", 1)]
    assert answer["usage"] == {"prompt_tokens": 7, "total_tokens": 7}


def test_base64_holds_the_same_numbers_as_little_endian_float32(embed: Service) -> None:
    [floats] = post(embed, "heron").json()["data"]
    [encoded] = post(embed, "heron", encoding_format="base64").json()["data"]
    decoded = np.frombuffer(base64.b64decode(encoded["embedding"]), "<f4")
    assert decoded == pytest.approx(np.array(floats["embedding"]), abs=1e-6)


def test_optional_fields_may_be_null(embed: Service) -> None:
    assert post(embed, "heron", encoding_format=None, dimensions=None, user=None, input_type=None).status_code == 200


def test_the_models_own_dimension_is_accepted_and_others_are_400(embed: Service) -> None:
    assert post(embed, "heron", dimensions=384).status_code == 200
    error = openai_error(post(embed, "heron", dimensions=256))
    assert (error["status"], error["type"], error["param"]) == (400, "invalid_request_error", "dimensions")


def test_a_text_over_the_window_is_400_in_the_vendors_words(embed: Service) -> None:
    error = openai_error(post(embed, ["heron", LONG], truncate="none"))
    assert (error["status"], error["type"], error["param"]) == (400, "invalid_request_error", "input.1")
    assert error["message"].startswith("This model's maximum context length is 256 tokens, however you requested more")


def test_a_text_over_the_window_is_truncated_and_named(embed: Service) -> None:
    assert post(embed, ["heron", LONG]).headers["X-Truncated"] == "1"
    assert post(embed, ["heron", LONG], truncate="END").json()["usage"]["total_tokens"] == 3 + 256
    assert post(embed, LONG, truncate="start").status_code == 200


def test_2048_inputs_are_answered_and_2049_are_400(embed: Service) -> None:
    assert len(post(embed, ["heron"] * 2048, encoding_format="base64").json()["data"]) == 2048
    error = openai_error(post(embed, ["heron"] * 2049))
    assert (error["status"], error["param"], error["code"]) == (400, "input", "array_above_max_length")
    assert "maximum length 2048, but got an array with length 2049" in error["message"]


def test_more_than_300_000_tokens_are_400(embed: Service) -> None:
    error = openai_error(post(embed, ["heron " * 250] * 1300))
    assert (error["status"], error["type"]) == (400, "max_tokens_per_request")
    assert error["message"] == f"Requested {1300 * 252} tokens, max 300000 tokens per request."


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ("", "input"),
        ([], "input"),
        (["heron", ""], "input.1"),
        ([[5], []], "input.0"),
        (7, "input"),
        ({"image": "heron"}, "input"),
        (["heron", {"url": "heron"}], "input.1"),
        (None, "input"),
        (["heron", 7], "input.1"),
        (["heron", None], "input.1"),
        ([7, "heron"], "input.1"),
        ([True], "input.0"),
        ([7, 8.5], "input.1"),
        ([[7, 8], [9, "heron"]], "input.1.1"),
        ([7, -1], "input"),
        ([[7], [8, 30522]], "input.0"),
        ([10**30], "input"),
    ],
    ids=str,
)
def test_an_input_that_cannot_be_read_is_400_and_its_place_is_named(embed: Service, given: object, param: str) -> None:
    error = openai_error(post(embed, given))
    assert (error["status"], error["type"], error["param"]) == (400, "invalid_request_error", param)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": EMBED.model}, "input"),
        ({"model": EMBED.model, "input": "heron", "task": "heron"}, "task"),
        ({"model": EMBED.model, "input": "heron", "late_chunking": True}, "late_chunking"),
        ({"model": EMBED.model, "input": "heron", "embedding_type": ["float", "int8"]}, "embedding_type"),
        ({"model": EMBED.model, "input": "heron", "truncate_prompt_tokens": -2}, "truncate_prompt_tokens"),
        ({"model": EMBED.model, "input": "heron", "truncate_prompt_tokens": 1}, "truncate_prompt_tokens"),
        ({"input": "heron", "truncate_prompt_tokens": 0}, "truncate_prompt_tokens"),
        ({"input": "heron", "truncate_prompt_tokens": 9, "truncate": "start"}, "truncate_prompt_tokens"),
        ({"input": "heron", "truncate_prompt_tokens": 9, "chunked": True}, "truncate_prompt_tokens"),
        ({"input": "heron", "input_type": "query", "task": "retrieval.passage"}, "task"),
        ({"input": "heron", "task": "retrieval.query", "prompt_name": "passage"}, "prompt_name"),
        ({"model": EMBED.model, "input": "heron", "add_special_tokens": False}, "add_special_tokens"),
        ({"model": EMBED.model, "input": "heron", "instruction": "Find herons"}, "instruction"),
        ({"model": EMBED.model, "input": "heron", "encoding_format": "hex"}, "encoding_format"),
        ({"model": EMBED.model, "input": "heron", "input_type": "heron"}, "input_type"),
        ({"model": EMBED.model, "input": "heron", "dimensions": "many"}, "dimensions"),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_a_missing_or_wrong_field_is_400_and_named(embed: Service, body: dict[str, object], param: str) -> None:
    error = openai_error(embed.server.client.post(PATH, json=body))
    assert (error["status"], error["type"], error["param"]) == (400, "invalid_request_error", param)


def test_a_body_that_is_not_json_is_400(embed: Service) -> None:
    error = openai_error(embed.server.client.post(PATH, content=b"{not json", headers=JSON))
    assert (error["status"], error["type"]) == (400, "invalid_request_error")


def test_a_body_over_the_byte_limit_is_413(frail_embed: Service) -> None:
    content = b" " * (FRAIL_BODY_BYTES + 1)
    error = openai_error(frail_embed.server.client.post(PATH, content=content, headers=JSON))
    assert (error["status"], error["type"]) == (413, "invalid_request_error")


def test_a_full_queue_is_429_with_whole_seconds_to_wait(frail_embed: Service) -> None:
    with frail_embed.busy():
        answer = post(frail_embed, "heron")
    error = openai_error(answer)
    assert (error["status"], error["code"]) == (429, "rate_limit_exceeded")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_fault_of_ours_is_500_and_its_place_is_named(frail_embed: Service) -> None:
    error = openai_error(post(frail_embed, ["heron", f"the {POISON} drinks"]))
    assert (error["status"], error["type"], error["param"]) == (500, "server_error", "input.1")


@pytest.mark.parametrize("path", [PATH, "/embeddings", "/v1/models", f"/v1/models/{EMBED.model}", "/models"])
def test_a_missing_key_is_401(locked_embed: Service, path: str) -> None:
    error = openai_error(locked_embed.server.client.post(path, json={}))
    assert (error["status"], error["type"], error["code"]) == (401, "invalid_request_error", "invalid_api_key")


def test_an_unknown_model_is_404(embed: Service) -> None:
    for answer in (post(embed, "heron", model=OPENAI_ALIAS), embed.server.client.get(f"/v1/models/{OPENAI_ALIAS}")):
        error = openai_error(answer)
        assert (error["status"], error["code"], error["param"]) == (404, "model_not_found", "model")


def test_an_alias_is_answered_by_the_served_model(frail_embed: Service) -> None:
    answer = post(frail_embed, "heron", model=OPENAI_ALIAS).json()
    assert (answer["model"], answer["data"]) == (EMBED.model, post(frail_embed, "heron").json()["data"])


def test_the_models_are_the_served_one_and_its_aliases(frail_embed: Service) -> None:
    answer = frail_embed.server.client.get("/v1/models").json()
    assert shape(answer) == golden("models")
    assert [model["id"] for model in answer["data"]] == [EMBED.model, OPENAI_ALIAS, COHERE_ALIAS]
    assert answer["models"] == answer["data"]


@pytest.mark.parametrize("name", [EMBED.model, EMBED.model.replace("/", "%2F"), OPENAI_ALIAS])
def test_one_model_is_found_by_its_name(frail_embed: Service, name: str) -> None:
    answer = frail_embed.server.client.get(f"/v1/models/{name}").json()
    assert answer["id"] == answer["name"] == name.replace("%2F", "/")
    assert answer["context_length"] == 256
