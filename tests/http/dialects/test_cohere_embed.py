"""`POST /v1/embed`, `/v2/embed`, `/v1/tokenize` and their like, as Cohere's clients know them."""

import base64

import httpx
import numpy as np
import pytest

from tests.http.dialects.error_shapes import cohere_error
from tests.http.dialects.golden_shapes import golden, shape
from tests.http.services import EMBED, JSON, Service
from tests.http.shared import FRAIL_BODY_BYTES, LOCKED_KEYS, POISON

V1, V2 = "/v1/embed", "/v2/embed"
ALL_TYPES = ["float", "int8", "uint8", "binary", "ubinary", "base64"]
LONG = "the heron waits " * 200
WINDOW = 256
NO_IMAGES = "the model embeds texts only, not images"


@pytest.fixture(params=[V1, V2])
def path(request: pytest.FixtureRequest) -> str:
    """Each version's route."""
    chosen: str = request.param
    return chosen


def post(service: Service, path: str, *texts: object, **fields: object) -> httpx.Response:
    """Send a request that both versions take, changed by `fields`; one that is None is left out."""
    body = {"model": EMBED.model, "input_type": "search_document", "texts": texts, **fields}
    return service.server.client.post(path, json={key: value for key, value in body.items() if value is not None})


@pytest.mark.parametrize(
    ("path", "types", "name"),
    [
        (V1, None, "cohere_v1_embed_floats"),
        (V1, ALL_TYPES, "cohere_v1_embed_by_type"),
        (V2, None, "cohere_v2_embed_default"),
        (V2, ALL_TYPES, "cohere_v2_embed_by_type"),
    ],
)
def test_the_answer_has_exactly_the_golden_keys(embed: Service, path: str, types: list[str] | None, name: str) -> None:
    answer = post(embed, path, "heron", LONG, embedding_types=types)
    assert shape(answer.json()) == golden(name)
    assert answer.json()["id"] == answer.headers["X-Request-ID"]
    assert answer.json()["meta"]["api_version"] == {"version": path[2]}


def test_the_response_type_tells_floats_from_types(embed: Service) -> None:
    plain, typed = post(embed, V1, "heron").json(), post(embed, V1, "heron", embedding_types=["float"]).json()
    assert (plain["response_type"], typed["response_type"]) == ("embeddings_floats", "embeddings_by_type")
    assert plain["embeddings"] == typed["embeddings"]["float"]


def test_texts_come_back_as_they_were_sent(embed: Service, path: str) -> None:
    assert post(embed, path, "Heron ", LONG).json()["texts"] == ["Heron ", LONG]


def test_the_forms_are_of_the_same_vectors(embed: Service, path: str) -> None:
    by_type = post(embed, path, "heron", "stork", embedding_types=ALL_TYPES).json()["embeddings"]
    floats = np.array(by_type["float"], np.float32)
    decoded = [np.frombuffer(base64.b64decode(vector), "<f4") for vector in by_type["base64"]]
    assert np.array_equal(decoded, floats)
    assert np.array_equal(np.unpackbits(np.array(by_type["ubinary"], np.uint8), axis=1), floats > 0)
    assert np.array_equal(np.array(by_type["binary"]), np.array(by_type["ubinary"]) - 128)
    assert np.array_equal(np.array(by_type["int8"]), np.array(by_type["uint8"]) - 128)
    scaled = np.array(by_type["int8"]) / 127 * 5 / np.sqrt(384)
    assert np.abs(scaled - floats).max() <= 0.5 / 127 * 5 / np.sqrt(384) * 1.001


def test_96_texts_are_answered_and_97_are_400(embed: Service, path: str) -> None:
    assert post(embed, path, *["heron"] * 96).status_code == 200
    error = cohere_error(post(embed, path, *["heron"] * 97))
    assert error == (400, "invalid request: total number of texts must be at most 96 - received 97")


def test_every_truncated_text_is_named_in_the_warnings(embed: Service, path: str) -> None:
    answer = post(embed, path, LONG, "heron", LONG).json()["meta"]
    assert answer["warnings"] == [f"texts.{at} was too long and was truncated to {WINDOW} tokens" for at in (0, 2)]
    assert answer["billed_units"]["input_tokens"] == 2 * WINDOW + 3


def test_without_truncation_there_are_no_warnings(embed: Service, path: str) -> None:
    assert "warnings" not in post(embed, path, "heron").json()["meta"]


def test_start_and_end_are_the_sides_that_lose_tokens(embed: Service, path: str) -> None:
    text = "stork " * 300 + "heron " * 300
    end, start = (
        post(embed, path, text, truncate=side, embedding_types=["float"]).json()["embeddings"]["float"][0]
        for side in ("END", "START")
    )
    stork, heron = embed.post("stork " * 100, "heron " * 100).json()["embeddings"]
    assert np.dot(end, stork) > np.dot(end, heron)
    assert np.dot(start, heron) > np.dot(start, stork)


def test_none_refuses_a_text_over_the_window(embed: Service, path: str) -> None:
    error = cohere_error(post(embed, path, "heron", LONG, truncate="NONE"))
    assert error == (
        400,
        f"invalid request: texts.1: The text has more than {WINDOW} tokens, and truncation is refused.",
    )


def test_optional_fields_may_be_null(embed: Service, path: str) -> None:
    names = ["images", "inputs", "max_tokens", "output_dimension", "embedding_types", "truncate", "priority"]
    body = {"model": EMBED.model, "input_type": "clustering", "texts": ["heron"], **dict.fromkeys(names)}
    assert embed.server.client.post(path, json=body).status_code == 200


def test_v1_needs_neither_model_nor_input_type(embed: Service) -> None:
    assert embed.server.client.post(V1, json={"texts": ["heron"]}).status_code == 200


def test_v2_takes_texts_as_the_contents_of_inputs(embed: Service) -> None:
    content = [{"type": "text", "text": "grey"}, {"type": "text", "text": "heron"}]
    answer = post(embed, V2, texts=None, inputs=[{"content": content}, {"content": content[:1]}]).json()
    assert answer["texts"] == ["grey\nheron", "grey"]
    assert answer["embeddings"] == post(embed, V2, "grey\nheron", "grey").json()["embeddings"]


def test_v2_max_tokens_is_a_smaller_window(embed: Service) -> None:
    cut = post(embed, V2, "heron heron heron", max_tokens=3).json()
    assert cut["meta"]["warnings"] == ["texts.0 was too long and was truncated to 3 tokens"]
    assert cut["embeddings"]["float"] == pytest.approx(
        np.array(post(embed, V2, "heron").json()["embeddings"]["float"]), abs=1e-6
    )
    status, message = cohere_error(post(embed, V2, "heron heron", max_tokens=3, truncate="NONE"))
    assert (status, "more than 3 tokens" in message) == (400, True)
    _, message = cohere_error(post(embed, V2, LONG, max_tokens=1000, truncate="NONE"))
    assert f"more than {WINDOW} tokens" in message


def test_v2_max_tokens_must_leave_room_for_the_text_beside_the_prompt(e5: Service) -> None:
    body = {"model": e5.server.client.get("/info").json()["model"], "input_type": "search_query", "texts": ["heron"]}
    answer = e5.server.client.post(V2, json={**body, "max_tokens": 2})
    status, message = cohere_error(answer)
    assert (status, message.partition(" at least ")[0]) == (400, "invalid request: max_tokens: Must be")
    least = int(message.partition(" at least ")[2].partition(":")[0])
    assert e5.server.client.post(V2, json={**body, "max_tokens": least}).status_code == 200


def test_v2_takes_the_models_own_dimension_and_refuses_others(embed: Service) -> None:
    assert post(embed, V2, "heron", output_dimension=384).status_code == 200
    status, message = cohere_error(post(embed, V2, "heron", output_dimension=256))
    assert (status, message.partition(" The ")[0]) == (400, "invalid request: output_dimension:")


@pytest.mark.parametrize(("priority", "lane"), [(0, "interactive"), (1, "bulk"), (999, "bulk"), (None, "interactive")])
def test_v2_priority_chooses_the_lane(embed: Service, priority: int | None, lane: str) -> None:
    before = embed.server.metric("duobento_queue_wait_seconds_count", lane=lane)
    assert post(embed, V2, "heron", priority=priority).status_code == 200
    assert embed.server.metric("duobento_queue_wait_seconds_count", lane=lane) == before + 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"texts": []}, "at least one text must be provided"),
        ({"texts": None}, "at least one text must be provided"),
        ({"texts": ["heron", 7]}, "texts.1: Input should be a valid string"),
        ({"texts": ["heron", ""]}, "texts.1: The text is empty."),
        ({"texts": "heron"}, "texts: Input should be a valid list"),
        ({"texts": None, "images": ["data:image/png;base64,AAAA"]}, f"images: {NO_IMAGES}"),
        ({"input_type": "image"}, f"input_type: {NO_IMAGES}"),
        ({"input_type": "heron"}, "input_type: Input should be 'query', 'passage' or 'none'"),
        ({"embedding_types": ["float", "int4"]}, "embedding_types.1: Input should be 'float', 'int8'"),
        ({"embedding_types": ["int8"] * 11}, "embedding_types: List should have at most 10 items"),
        ({"truncate": "middle"}, "truncate: Input should be 'end', 'start' or 'none'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_400_and_its_place_is_named(
    embed: Service, path: str, fields: dict[str, object], message: str
) -> None:
    status, said = cohere_error(post(embed, path, **{"texts": ["heron"], **fields}))
    assert status == 400
    assert said.startswith(f"invalid request: {message}")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": None}, "model: Field required"),
        ({"input_type": None}, "input_type: Field required"),
        ({"inputs": [{"content": [{"type": "text", "text": "a"}]}]}, "inputs: send texts or inputs, not both"),
        ({"inputs": []}, "inputs: leave out the empty list beside texts"),
        ({"texts": [], "inputs": [{"content": [{"type": "text", "text": "a"}]}]}, "texts: leave out the empty list"),
        ({"texts": [], "inputs": []}, "texts: leave out the empty list beside inputs"),
        ({"texts": None, "inputs": []}, "at least one text must be provided"),
        ({"texts": None, "inputs": [{"content": []}]}, "inputs.0.content: List should have at least 1 item"),
        ({"texts": None, "inputs": [{"content": [{"type": "text"}]}]}, "inputs.0: The text is empty."),
        ({"texts": None, "inputs": [{"content": [{"type": "image_url"}]}]}, f"inputs.0.content.0.type: {NO_IMAGES}"),
        ({"priority": 1000}, "priority: Input should be less than or equal to 999"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_mistake_of_v2_is_400_and_its_place_is_named(embed: Service, fields: dict[str, object], message: str) -> None:
    status, said = cohere_error(post(embed, V2, **{"texts": ["heron"], **fields}))
    assert status == 400
    assert said.startswith(f"invalid request: {message}")


def test_a_body_that_is_not_json_is_400(embed: Service, path: str) -> None:
    assert cohere_error(embed.server.client.post(path, content=b"{not json", headers=JSON))[0] == 400


def test_a_body_that_is_declared_as_something_else_is_400(embed: Service, path: str) -> None:
    headers = {"Content-Type": "text/plain"}
    status, message = cohere_error(embed.server.client.post(path, content=b"{}", headers=headers))
    assert (status, "Content-Type" in message) == (400, True)


def test_a_body_over_the_byte_limit_is_400(frail_embed: Service, path: str) -> None:
    answer = frail_embed.server.client.post(path, content=b" " * (FRAIL_BODY_BYTES + 1), headers=JSON)
    assert cohere_error(answer)[0] == 400


def test_an_unknown_model_is_404(embed: Service, path: str) -> None:
    status, message = cohere_error(post(embed, path, "heron", model="embed-multilingual-v3.0"))
    assert (status, "'embed-multilingual-v3.0'" in message) == (404, True)


def test_a_full_queue_is_429_with_whole_seconds_to_wait(frail_embed: Service, path: str) -> None:
    with frail_embed.busy():
        answer = post(frail_embed, path, "heron")
    assert cohere_error(answer)[0] == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_a_fault_of_ours_is_500_and_its_place_is_named(frail_embed: Service, path: str) -> None:
    status, message = cohere_error(post(frail_embed, path, "heron", f"the {POISON} drinks"))
    assert (status, message.partition(" ")[0]) == (500, "texts.1:")


def test_a_missing_key_is_401(locked_embed: Service, path: str) -> None:
    assert cohere_error(post(locked_embed, path, "heron")) == (401, "invalid api token")


def test_check_api_key_tells_whether_the_key_is_valid(locked_embed: Service) -> None:
    client = locked_embed.server.client
    answer = client.post("/v1/check-api-key", headers={"Authorization": f"Bearer {LOCKED_KEYS[0]}"})
    assert (answer.status_code, answer.json()) == (200, {"valid": True})
    refused = client.post("/v1/check-api-key", headers={"Authorization": "Bearer other"})
    assert cohere_error(refused) == (401, "invalid api token")


def test_tokenize_answers_ids_and_strings(embed: Service) -> None:
    body = {"text": "Herons wading!", "model": EMBED.model}
    answer = embed.server.client.post("/v1/tokenize", json=body).json()
    assert shape(answer) == golden("cohere_v1_tokenize")
    assert len(answer["tokens"]) == len(answer["token_strings"]) == embed.post("Herons wading!").json()["tokens"] - 2
    assert answer["token_strings"][-1] == "!"


def test_detokenize_answers_the_text(embed: Service) -> None:
    client = embed.server.client
    tokens = client.post("/v1/tokenize", json={"text": "a heron wades!", "model": EMBED.model}).json()["tokens"]
    answer = client.post("/v1/detokenize", json={"tokens": tokens, "model": EMBED.model}).json()
    assert shape(answer) == golden("cohere_v1_detokenize")
    assert answer["text"] == "a heron wades!"


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("/v1/tokenize", {"text": ""}, "text: String should have at least 1 character"),
        ("/v1/tokenize", {"text": "a" * 65_537}, "text: String should have at most 65536 characters"),
        ("/v1/tokenize", {}, "text: Field required"),
        ("/v1/detokenize", {"tokens": [5, -1]}, "tokens.1: A token id of this model is between 0 and"),
        ("/v1/detokenize", {"tokens": [10**4200]}, "tokens.0: A token id of this model is between 0 and 30521."),
        ("/v1/detokenize", {"tokens": [5, 10**30]}, "tokens.1:"),
        ("/v1/detokenize", {"tokens": [5, "heron"]}, "tokens.1: Input should be a valid integer"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be_tokenized_or_detokenized_is_400(
    embed: Service, path: str, fields: dict[str, object], message: str
) -> None:
    status, said = cohere_error(embed.server.client.post(path, json={"model": EMBED.model, **fields}))
    assert status == 400
    assert said.startswith(f"invalid request: {message}")


def test_tokenize_refuses_an_unknown_model(embed: Service) -> None:
    answer = embed.server.client.post("/v1/tokenize", json={"text": "heron", "model": "command"})
    assert cohere_error(answer)[0] == 404
