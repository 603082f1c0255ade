"""`POST /score` and `POST /v1/score` as vLLM's clients know them; the first is BentoML's path, too."""

from typing import Any

import httpx
import numpy as np
import pytest

from tests.http.dialects.error_shapes import openai_error
from tests.http.dialects.golden_shapes import golden, shape
from tests.http.dialects.rerank_routes import DOCUMENTS, LONG, NEEDLE, QUERY, SAME, in_order
from tests.http.services import JSON, RERANK, Service
from tests.http.shared import POISON

ONE_TO_MANY = {"text_1": QUERY, "text_2": DOCUMENTS}


@pytest.fixture(params=["/score", "/v1/score"])
def path(request: pytest.FixtureRequest) -> str:
    """Each of its paths."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="module")
def native(rerank: Service) -> list[float]:
    return in_order(rerank.post(*DOCUMENTS, query=QUERY).json()["results"], "score")


def send(service: Service, path: str, body: dict[str, Any]) -> httpx.Response:
    return service.server.client.post(path, json=body)


def scores(answer: httpx.Response) -> list[float]:
    """In the order of the pairs."""
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert [item["index"] for item in data] == list(range(len(data)))
    return [item["score"] for item in data]


def test_the_answer_has_exactly_the_golden_keys(rerank: Service, path: str) -> None:
    answer = send(rerank, path, {**ONE_TO_MANY, "model": RERANK.model})
    assert shape(answer.json()) == golden("vllm_score")
    assert answer.json()["id"] == answer.headers["X-Request-ID"]
    assert answer.json()["usage"]["total_tokens"] == rerank.post(*DOCUMENTS, query=QUERY).json()["tokens"]


@pytest.mark.parametrize(
    "names", [("text_1", "text_2"), ("data_1", "data_2"), ("queries", "documents"), ("queries", "items")]
)
def test_one_text_is_scored_with_each_of_several(
    rerank: Service, native: list[float], path: str, names: tuple[str, str]
) -> None:
    for query in (QUERY, [QUERY]):
        assert scores(send(rerank, path, dict(zip(names, (query, DOCUMENTS), strict=True)))) == pytest.approx(
            native, abs=SAME
        )


def test_lists_of_the_same_length_are_scored_in_pairs(rerank: Service, native: list[float], path: str) -> None:
    queries = [QUERY, "office hours", QUERY]
    found = scores(send(rerank, path, {"text_1": queries, "text_2": DOCUMENTS}))
    assert [found[0], found[2]] == pytest.approx([native[0], native[2]], abs=SAME)
    assert found[1] != pytest.approx(native[1], abs=SAME)


def test_logits_are_given_to_who_asks_for_them(rerank: Service, native: list[float], path: str) -> None:
    logits = np.array(scores(send(rerank, path, {**ONE_TO_MANY, "use_activation": False})))
    assert (1 / (1 + np.exp(-logits))).tolist() == pytest.approx(native, abs=SAME)


def test_pairs_are_truncated_as_asked_for(rerank: Service, path: str) -> None:
    answer = send(rerank, path, {"text_1": QUERY, "text_2": [NEEDLE, LONG], "truncate_prompt_tokens": 40})
    assert answer.headers["X-Truncated"] == "1"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"text_1": QUERY}, None),
        ({"text_1": QUERY, "text_2": []}, "text_2"),
        ({"text_1": [QUERY] * 2, "text_2": DOCUMENTS}, "text_1"),
        ({"text_1": QUERY, "text_2": ["heron"] * 1001}, "text_2"),
        ({**ONE_TO_MANY, "truncate_prompt_tokens": 3}, "truncate_prompt_tokens"),
        ({**ONE_TO_MANY, "instruction": "Find birds."}, "instruction"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_mistake_is_400_in_the_vendors_shape(
    rerank: Service, path: str, body: dict[str, Any], param: str | None
) -> None:
    error = openai_error(send(rerank, path, body))
    assert (error["status"], error["type"], error["param"]) == (400, "invalid_request_error", param)


def test_a_body_that_is_not_json_is_400_in_the_shape_of_whose_fields_it_has(rerank: Service) -> None:
    client = rerank.server.client
    for path in ("/score", "/v1/score"):
        answer = client.post(path, content=b'{"text_1": "heron", "text_2": [', headers=JSON)
        assert openai_error(answer)["status"] == 400
    assert client.post("/score", content=b'{"pairs": [', headers=JSON).json()["error"]["code"] == "malformed_body"


def test_an_unknown_model_is_404(rerank: Service, path: str) -> None:
    assert openai_error(send(rerank, path, {**ONE_TO_MANY, "model": "heron"}))["status"] == 404


def test_a_text_on_which_the_model_fails_is_500_and_named(frail_rerank: Service, path: str) -> None:
    body = {"text_1": ["heron", "stork"], "text_2": ["heron", f"the {POISON} drinks"]}
    error = openai_error(send(frail_rerank, path, body))
    assert (error["status"], error["param"]) == (500, "text_2.1")


def test_bentoml_keeps_its_requests(rerank: Service, native: list[float]) -> None:
    answer = send(rerank, "/score", {"pairs": [[QUERY, document] for document in DOCUMENTS]})
    assert answer.json() == pytest.approx(native, abs=SAME)
