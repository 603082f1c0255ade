"""`POST /v1/embeddings` as Voyage's clients know it, on the path that is OpenAI's."""

import base64

import httpx
import numpy as np
import pytest

from tests.http import reference
from tests.http.dialects.error_shapes import openai_error, voyage_error
from tests.http.dialects.golden_shapes import golden, shape
from tests.http.services import EMBED, JSON, Service
from tests.http.shared import FRAIL_BODY_BYTES, POISON

PATH = "/v1/embeddings"
OWN_PATH = "/voyage/v1/embeddings"
LONG = "the heron waits " * 200
DTYPES = {"float": "<f4", "int8": "i1", "uint8": "u1", "binary": "i1", "ubinary": "u1"}


def post(service: Service, given: object, path: str = OWN_PATH, **fields: object) -> httpx.Response:
    """Send a request, changed by `fields`."""
    return service.server.client.post(path, json={"model": EMBED.model, "input": given, **fields})


def dialect(answer: httpx.Response) -> str:
    """Which of the two dialects that share the path has answered."""
    return {True: "OpenAI", False: "Voyage"}["prompt_tokens" in answer.json()["usage"]]


@pytest.mark.parametrize(
    "fields",
    [
        {"truncation": True},
        {"truncation": False},
        {"output_dimension": 384},
        {"input_type": "query", "truncation": True, "encoding_format": "base64"},
    ],
    ids=str,
)
def test_a_request_with_a_field_of_voyages_is_known_by_it(embed: Service, fields: dict[str, object]) -> None:
    assert dialect(post(embed, "heron", PATH, **fields)) == "Voyage"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"input_type": "query"},
        {"input_type": None},
        {"input_type": "document"},
        {"encoding_format": "base64"},
        {"truncate": "end", "truncation": True},
        {"dimensions": 384, "output_dtype": "float"},
        {"user": "heron", "input_type": "query", "truncation": True},
        {"truncation": None, "output_dtype": None, "output_dimension": None},
        {"task": "retrieval.passage", "input_type": "document"},
    ],
    ids=str,
)
def test_any_other_request_is_openais(embed: Service, fields: dict[str, object]) -> None:
    assert dialect(post(embed, "heron", PATH, **fields)) == "OpenAI"


def test_a_request_of_the_npm_package_is_known_by_its_header(embed: Service) -> None:
    headers = {"X-Fern-SDK-Name": "voyageai", **JSON}
    client, body = embed.server.client, {"model": EMBED.model, "input": "heron"}
    assert dialect(client.post(PATH, json=body, headers=headers)) == "Voyage"
    assert voyage_error(client.post(PATH, content=b"{not json", headers=headers))[0] == 400


def test_the_own_path_needs_no_sign(embed: Service) -> None:
    assert dialect(post(embed, "heron")) == "Voyage"


def test_requests_are_counted_under_the_own_path(embed: Service) -> None:
    before = embed.server.metric("duobento_requests_total", route=OWN_PATH, status="200")
    post(embed, "heron", PATH, truncation=True)
    assert embed.server.metric("duobento_requests_total", route=OWN_PATH, status="200") == before + 1


def test_the_answer_has_exactly_the_golden_keys(embed: Service) -> None:
    answer = post(embed, ["heron", "grey heron"], PATH, truncation=True).json()
    assert shape(answer) == golden("voyage_embeddings")
    assert (answer["object"], answer["model"]) == ("list", EMBED.model)
    assert [(item["object"], item["index"]) for item in answer["data"]] == [("embedding", 0), ("embedding", 1)]
    assert answer["usage"] == {"total_tokens": 7}


def test_one_text_needs_no_list(embed: Service) -> None:
    [item] = post(embed, "heron").json()["data"]
    assert reference.least_cosine([item["embedding"]], embed.post("heron").json()["embeddings"]) >= 0.999999


def test_optional_fields_may_be_null(embed: Service) -> None:
    nulls = dict.fromkeys(("input_type", "truncation", "output_dtype", "output_dimension", "encoding_format"))
    body = {"model": EMBED.model, "input": "heron"}
    client = embed.server.client
    assert client.post(OWN_PATH, json=body | nulls).json() == client.post(OWN_PATH, json=body).json()


@pytest.mark.parametrize("output_dtype", DTYPES)
def test_base64_holds_the_same_numbers_in_their_own_type(embed: Service, output_dtype: str) -> None:
    [numbers] = post(embed, "heron", output_dtype=output_dtype).json()["data"]
    [encoded] = post(embed, "heron", output_dtype=output_dtype, encoding_format="base64").json()["data"]
    decoded = np.frombuffer(base64.b64decode(encoded["embedding"]), DTYPES[output_dtype])
    assert len(decoded) == (48 if "binary" in output_dtype else 384)
    assert decoded.tolist() == pytest.approx(numbers["embedding"], abs=1e-6)


@pytest.mark.parametrize("output_dtype", ["int8", "uint8", "binary", "ubinary"])
def test_each_type_has_the_values_that_it_has_in_coheres_dialect(embed: Service, output_dtype: str) -> None:
    [item] = post(embed, "heron", output_dtype=output_dtype).json()["data"]
    body = {"texts": ["heron"], "embedding_types": [output_dtype]}
    cohere = embed.server.client.post("/v1/embed", json=body).json()["embeddings"][output_dtype]
    assert [item["embedding"]] == cohere


@pytest.mark.parametrize(("path", "truncation"), [(PATH, True), (OWN_PATH, True), (OWN_PATH, None)])
def test_a_text_over_the_window_loses_its_end_and_the_header_names_it(
    embed: Service, path: str, truncation: bool | None
) -> None:
    answer = post(embed, ["heron", LONG, "heron", LONG], path, truncation=truncation)
    assert answer.headers["X-Truncated"] == "1,3"
    assert answer.json()["usage"] == {"total_tokens": 2 * (3 + 256)}
    native = embed.post(LONG, truncate="end").json()["embeddings"]
    assert reference.least_cosine([answer.json()["data"][1]["embedding"]], native) >= 0.999999


def test_no_header_names_what_was_not_truncated(embed: Service) -> None:
    assert "X-Truncated" not in post(embed, "heron").headers


def test_a_text_over_the_window_is_refused_without_truncation(embed: Service) -> None:
    assert voyage_error(post(embed, ["heron", LONG], PATH, truncation=False)) == (
        400,
        "input.1: The text has more than 256 tokens, and truncation is refused.",
    )
    assert voyage_error(post(embed, LONG, truncation=False))[1].startswith("input: The text has more")


def test_another_dimension_than_the_models_is_refused(embed: Service) -> None:
    assert post(embed, "heron", output_dimension=384).status_code == 200
    assert voyage_error(post(embed, "heron", PATH, output_dimension=256)) == (
        400,
        "output_dimension: The vectors have 384 dimensions: no other number is served.",
    )


def test_1000_texts_are_answered_and_1001_are_400(embed: Service) -> None:
    assert len(post(embed, ["heron"] * 1000, encoding_format="base64").json()["data"]) == 1000
    assert voyage_error(post(embed, ["heron"] * 1001)) == (400, "input: 1001 texts are more than the limit of 1000.")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"input": []}, "input"),
        ({"input": ["heron", 7]}, "input.1"),
        ({"input": ["heron", ""]}, "input.1"),
        ({"input": ""}, "input"),
        ({"input": [7, 8]}, "input.0"),
        ({"input": {"text": "heron"}}, "input"),
        ({"input_type": "heron"}, "input_type"),
        ({"output_dtype": "float16"}, "output_dtype"),
        ({"truncation": "END"}, "truncation"),
        ({"encoding_format": "hex"}, "encoding_format"),
        ({"model": "voyage-3"}, "model"),
        ({"model": None}, "model"),
    ],
    ids=str,
)
def test_a_wrong_value_is_400_and_its_place_is_named(embed: Service, change: dict[str, object], place: str) -> None:
    body = {"model": EMBED.model, "input": "heron", **change}
    status, detail = voyage_error(embed.server.client.post(OWN_PATH, json=body))
    assert (status, detail.partition(":")[0]) == (400, place)


def test_a_body_that_cannot_be_read_is_400_in_the_paths_own_dialect(embed: Service) -> None:
    client = embed.server.client
    assert voyage_error(client.post(OWN_PATH, content=b"{not json", headers=JSON))[0] == 400
    assert openai_error(client.post(PATH, content=b'{"input": "heron"', headers=JSON))["status"] == 400


def test_a_malformed_body_with_its_fields_has_its_error_on_the_shared_path(embed: Service) -> None:
    content = b'{"input": "heron", "truncation": true,}'
    assert voyage_error(embed.server.client.post(PATH, content=content, headers=JSON))[0] == 400


def test_a_body_over_the_byte_limit_is_400(frail_embed: Service) -> None:
    content = b" " * (FRAIL_BODY_BYTES + 1)
    assert voyage_error(frail_embed.server.client.post(OWN_PATH, content=content, headers=JSON))[0] == 400


def test_a_full_queue_is_429_with_whole_seconds_to_wait(frail_embed: Service) -> None:
    with frail_embed.busy():
        answer = post(frail_embed, "heron", PATH, truncation=True)
    assert voyage_error(answer)[0] == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_text_on_which_the_model_fails_is_500_and_named(frail_embed: Service) -> None:
    status, detail = voyage_error(post(frail_embed, ["heron", f"the {POISON} drinks"], PATH, truncation=True))
    assert (status, detail.partition(":")[0]) == (500, "input.1")


def test_a_missing_key_is_401_in_the_dialect_of_the_path(locked_embed: Service) -> None:
    assert voyage_error(post(locked_embed, "heron"))[0] == 401
    assert openai_error(post(locked_embed, "heron", PATH, truncation=True))["status"] == 401
