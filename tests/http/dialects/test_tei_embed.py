"""`POST /embed` with `inputs`, `POST /` and `GET /info`, as the clients of text-embeddings-inference know them."""

import httpx
import numpy as np
import pytest

from tests.http import reference
from tests.http.dialects.error_shapes import tei_error
from tests.http.dialects.golden_shapes import golden, shape
from tests.http.services import EMBED, JSON, RERANK, Service, problem
from tests.http.shared import FRAIL_BODY_BYTES, POISON

LONG = "the heron waits " * 200


@pytest.fixture(params=["/embed", "/tei/embed", "/"])
def path(request: pytest.FixtureRequest) -> str:
    """Each of its routes."""
    chosen: str = request.param
    return chosen


def post(service: Service, inputs: object, **fields: object) -> httpx.Response:
    return service.server.client.post("/embed", json={"inputs": inputs, **fields})


def test_the_answer_is_a_bare_list_of_vectors(embed: Service, path: str) -> None:
    answer = embed.server.client.post(path, json={"inputs": ["heron", "stork"]}).json()
    assert shape(answer) == golden("tei_embed")
    assert np.shape(answer) == (2, 384)
    assert np.shape(embed.server.client.post(path, json={"inputs": "heron"}).json()) == (1, 384)


def test_a_null_of_one_dialect_leaves_a_body_to_the_other(embed: Service) -> None:
    assert "embeddings" in embed.post("heron", inputs=None).json()
    assert isinstance(embed.post_body(b'{"inputs": ["heron"], "texts": null}').json(), list)


def test_the_native_dialect_keeps_its_path(embed: Service) -> None:
    assert "embedding" in embed.server.client.post("/embed", json={"text": "heron"}).json()


def test_optional_fields_may_be_null_or_the_vendors_defaults(embed: Service) -> None:
    assert post(embed, "heron", truncate=None, prompt_name=None, dimensions=None).status_code == 200
    assert post(embed, "heron", truncate=False, normalize=True, truncation_direction="Right").status_code == 200
    assert post(embed, "heron", normalize=None, truncation_direction=None).status_code == 200


@pytest.mark.parametrize("fields", [{}, {"truncate": True}, {"truncate": None}], ids=str)
def test_a_text_over_the_window_is_truncated_by_default(embed: Service, fields: dict[str, object]) -> None:
    answer = post(embed, ["heron", LONG], **fields)
    assert (answer.status_code, answer.headers["X-Truncated"]) == (200, "1")


def test_a_text_over_the_window_is_413_where_truncation_is_refused(embed: Service) -> None:
    error = tei_error(post(embed, ["heron", LONG], truncate=False))
    assert error == (413, "Validation", "inputs.1: The text has more than 256 tokens, and truncation is refused.")


@pytest.mark.parametrize(("left", "right"), [("Left", "Right"), ("left", "right")])
def test_the_direction_is_the_side_that_is_lost(embed: Service, left: str, right: str) -> None:
    text = "stork " * 300 + "heron " * 300
    for direction, side in ((left, "start"), (right, "end")):
        cut = post(embed, text, truncate=True, truncation_direction=direction).json()
        assert reference.least_cosine(cut, embed.post(text, truncate=side).json()["embeddings"]) >= 0.999999


@pytest.mark.parametrize("fields", [{"dimensions": 256}], ids=str)
def test_what_the_model_cannot_do_is_422_and_named(embed: Service, fields: dict[str, object]) -> None:
    status, kind, message = tei_error(post(embed, "heron", **fields))
    [name] = fields
    assert (status, kind, message.partition(" ")[0]) == (422, "Validation", f"{name}:")


def test_an_empty_list_is_400(embed: Service) -> None:
    assert tei_error(post(embed, []))[:2] == (400, "Empty")


def test_too_many_inputs_are_413(embed: Service) -> None:
    assert tei_error(post(embed, ["heron"] * (EMBED.most_items + 1)))[:2] == (413, "Validation")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"inputs": ["heron", 7]}, "inputs.1"),
        ({"inputs": ["heron", ""]}, "inputs.1"),
        ({"inputs": {"text": "heron"}}, "inputs"),
        ({"inputs": [[7], [8, 30522]]}, "inputs.1.1"),
        ({"inputs": "heron", "prompt_name": "heron"}, "prompt_name"),
        ({"inputs": "heron", "text": "stork"}, "text"),
        ({"inputs": ["heron"], "texts": ["stork"]}, "texts"),
        ({"inputs": "heron", "truncation_direction": "Up"}, "truncation_direction"),
    ],
    ids=str,
)
def test_a_wrong_value_is_422_and_its_param_is_named(embed: Service, body: dict[str, object], param: str) -> None:
    status, kind, message = tei_error(embed.server.client.post("/embed", json=body))
    assert (status, kind, message.partition(":")[0]) == (422, "Validation", param)


@pytest.mark.parametrize(("ids", "place"), [([101, 2, 99_999], "ids.2"), ([[101], [101, -1]], "ids.1.1")])
def test_a_token_id_that_the_model_does_not_have_is_422_and_its_place_is_named(
    embed: Service, ids: object, place: str
) -> None:
    status, _, message = tei_error(embed.server.client.post("/decode", json={"ids": ids}))
    assert (status, message) == (422, f"{place}: A token id of this model is between 0 and 30521.")


def test_a_missing_field_is_422_and_named(embed: Service) -> None:
    assert tei_error(embed.server.client.post("/", json={})) == (422, "Validation", "inputs: Field required")


def test_a_body_that_is_not_json_is_400(embed: Service) -> None:
    assert tei_error(embed.server.client.post("/", content=b"{not json", headers=JSON))[:2] == (400, "Validation")


@pytest.mark.parametrize(
    "content",
    [
        b'{"inputs": "heron",}',
        b'{"inputs": ["heron", NaN]}',
        b'{"truncate": true, "inputs" : ["heron"',
        b'{"inputs":1,"inputs":2}',
    ],
)
def test_a_malformed_body_with_its_field_has_its_error_on_the_shared_path(embed: Service, content: bytes) -> None:
    assert tei_error(embed.server.client.post("/embed", content=content, headers=JSON))[:2] == (400, "Validation")


def test_one_whose_text_only_speaks_of_the_field_is_native(embed: Service) -> None:
    answer = embed.server.client.post("/embed", content=rb'{"text": "{\"inputs\": 1}",}', headers=JSON)
    assert problem(answer)[1] == "malformed_body"


def test_a_body_over_the_byte_limit_is_413(frail_embed: Service) -> None:
    content = b" " * (FRAIL_BODY_BYTES + 1)
    assert tei_error(frail_embed.server.client.post("/", content=content, headers=JSON))[:2] == (413, "Validation")


def test_a_full_queue_is_429_with_whole_seconds_to_wait(frail_embed: Service) -> None:
    with frail_embed.busy():
        answer = post(frail_embed, "heron")
    assert tei_error(answer)[:2] == (429, "Overloaded")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_text_on_which_the_model_fails_is_424_and_named(frail_embed: Service) -> None:
    status, kind, message = tei_error(post(frail_embed, ["heron", f"the {POISON} drinks"]))
    assert (status, kind, message.partition(" ")[0]) == (424, "Backend", "inputs.1:")


@pytest.mark.parametrize("own_path", ["/tei/embed", "/"])
def test_a_missing_key_is_401(locked_embed: Service, own_path: str) -> None:
    assert tei_error(locked_embed.server.client.post(own_path, json={"inputs": "heron"}))[0] == 401


def test_info_also_has_the_names_of_text_embeddings_inference(service: Service) -> None:
    info = service.server.client.get("/info").json()
    assert info["model_id"] == info["model"]
    assert info["model_sha"] == info["revision"]
    assert info["max_input_length"] == info["max_tokens"]
    assert info["max_client_batch_size"] == service.kind.most_items
    assert info["auto_truncate"] is True
    assert list(info["model_type"]) == ["reranker" if service.kind is RERANK else "embedding"]


@pytest.mark.parametrize(
    ("path", "body"), [("/tokenize", {"inputs": "heron " * 2000}), ("/decode", {"ids": [7] * 9000})]
)
def test_a_request_for_tokens_that_comes_too_late_is_504(embed: Service, path: str, body: dict[str, object]) -> None:
    answer = embed.server.client.post(path, json=body, headers={"X-Request-Timeout": "1e-9"})
    assert answer.status_code == 504


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tokenize", {"inputs": "水" * 32_769}),
        ("/tokenize", {"inputs": ["heron " * 100] * 1000}),
        ("/decode", {"ids": [7] * 32_769}),
        ("/decode", {"ids": [[7] * 1000] * 66}),
    ],
    ids=["text", "texts", "ids", "lists"],
)
def test_more_tokens_than_fit_into_an_answer_are_413(embed: Service, path: str, body: dict[str, object]) -> None:
    assert embed.server.client.post(path, json=body).status_code == 413
