"""`POST /v1/ranking` as the clients of NVIDIA's NIM know it."""

from typing import Any

import httpx
import numpy as np
import pytest

from tests.http.dialects.golden_shapes import golden, shape
from tests.http.dialects.rerank_routes import DOCUMENTS, LONG, NEEDLE, OFFICE, QUERY, SAME, in_order
from tests.http.services import JSON, RERANK, Service

PATH = "/v1/ranking"


def post(service: Service, *passages: str, **fields: object) -> httpx.Response:
    body = {"model": RERANK.model, "query": {"text": QUERY}, "passages": [{"text": text} for text in passages]}
    return service.server.client.post(PATH, json={**body, **fields})


def nvidia_error(answer: httpx.Response) -> tuple[int, str]:
    """Status and message of an error, whose shape is checked."""
    body: dict[str, Any] = answer.json()
    assert body == {"object": "error", "message": body["message"], "detail": {}, "type": "invalid_request_error"}
    return answer.status_code, body["message"]


def test_the_answer_has_exactly_the_golden_keys(rerank: Service) -> None:
    assert shape(post(rerank, *DOCUMENTS).json()) == golden("nvidia_ranking")


def test_logits_are_those_of_the_native_scores(rerank: Service) -> None:
    native = rerank.post(*DOCUMENTS, query=QUERY).json()
    answer = post(rerank, *DOCUMENTS).json()
    logits = np.array(in_order(answer["rankings"], "logit"))
    assert (1 / (1 + np.exp(-logits))).tolist() == pytest.approx(in_order(native["results"], "score"), abs=SAME)
    assert answer["usage"] == {"prompt_tokens": native["tokens"], "total_tokens": native["tokens"]}


@pytest.mark.parametrize("truncate", ["END", "end", None])
def test_a_longer_passage_is_truncated_in_any_case(rerank: Service, truncate: str | None) -> None:
    assert post(rerank, OFFICE, LONG * 10, truncate=truncate).headers["X-Truncated"] == "1"


@pytest.mark.parametrize("truncate", ["NONE", "none"])
def test_a_longer_passage_is_refused_on_request(rerank: Service, truncate: str) -> None:
    status, message = nvidia_error(post(rerank, OFFICE, LONG * 10, truncate=truncate))
    assert (status, message.partition(":")[0]) == (422, "passages.1")


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"query": QUERY}, "query"),
        ({"passages": []}, "passages"),
        ({"passages": [{"text": NEEDLE}, {"text": NEEDLE, "image": "data:"}]}, "passages.1.image"),
        ({"truncate": "MIDDLE"}, "truncate"),
    ],
    ids=str,
)
def test_a_wrong_value_is_422_and_its_place_is_named(rerank: Service, fields: dict[str, object], place: str) -> None:
    status, message = nvidia_error(post(rerank, *DOCUMENTS, **fields))
    assert (status, message.partition(":")[0]) == (422, place)


def test_an_image_is_refused_in_the_words_of_json(rerank: Service) -> None:
    answer = post(rerank, NEEDLE, query={"text": QUERY, "image": "data:"})
    assert nvidia_error(answer) == (422, "query.image: Input should be null")


def test_an_unknown_model_is_404(rerank: Service) -> None:
    assert nvidia_error(post(rerank, NEEDLE, model="nvidia/llama-nemotron-rerank-1b-v2"))[0] == 404


def test_a_body_that_is_not_json_is_400(rerank: Service) -> None:
    assert nvidia_error(rerank.server.client.post(PATH, content=b"{not json", headers=JSON))[0] == 400
