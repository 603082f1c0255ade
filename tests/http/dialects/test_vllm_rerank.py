"""`POST /rerank` with `model`, `/v1/rerank` and `/v2/rerank` as the clients of vLLM and Infinity know them."""

import numpy as np
import pytest

from tests.http.dialects.rerank_routes import DOCUMENTS, LONG, NEEDLE, SAME, cohere_error, post, relevance
from tests.http.services import Service

PATHS = ["/rerank", "/v1/rerank", "/v2/rerank"]


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    """Each of vLLM's paths."""
    chosen: str = request.param
    return chosen


@pytest.mark.parametrize("fields", [{"raw_scores": True}, {"use_activation": False}], ids=str)
def test_logits_are_given_to_who_asks_for_them(rerank: Service, path: str, fields: dict[str, object]) -> None:
    logits = np.array(relevance(rerank, path, DOCUMENTS, **fields))
    scores = relevance(rerank, path, DOCUMENTS)
    assert (1 / (1 + np.exp(-logits))).tolist() == pytest.approx(scores, abs=SAME)


def test_a_prompt_is_truncated_to_the_window(rerank: Service, path: str) -> None:
    answer = post(rerank, path, [NEEDLE, LONG + NEEDLE], truncate_prompt_tokens=-1)
    assert answer.headers["X-Truncated"] == "1"
    whole, cut = (
        relevance(rerank, path, [LONG + NEEDLE]),
        relevance(rerank, path, [LONG + NEEDLE], truncate_prompt_tokens=-1),
    )
    assert whole[0] > 2 * cut[0]


def test_a_prompt_has_no_more_tokens_than_asked_for(rerank: Service) -> None:
    answer = post(rerank, "/rerank", [LONG], truncate_prompt_tokens=40)
    assert answer.json()["usage"]["total_tokens"] == 40
    assert answer.headers["X-Truncated"] == "0"


def test_a_prompt_may_keep_its_end(rerank: Service, path: str) -> None:
    left, right = (
        relevance(rerank, path, [LONG + NEEDLE], truncate_prompt_tokens=100, truncation_side=side)[0]
        for side in ("left", "right")
    )
    assert left > 2 * right


def test_a_query_may_be_cut_shorter(rerank: Service, path: str) -> None:
    assert post(rerank, path, DOCUMENTS, max_tokens_per_query=2).headers["X-Truncated"] == "query"


@pytest.mark.parametrize("tokens", [0, 3, -2])
def test_a_prompt_without_room_for_query_and_document_is_refused(rerank: Service, path: str, tokens: int) -> None:
    status, message = cohere_error(post(rerank, path, DOCUMENTS, truncate_prompt_tokens=tokens))
    assert (status, message.split(": ")[1]) == (400, "truncate_prompt_tokens")
