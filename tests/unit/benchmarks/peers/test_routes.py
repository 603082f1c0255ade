import pytest

from benchmarks.peers import routes


def test_scores_come_in_the_order_of_the_documents() -> None:
    by_score = {"results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]}
    assert routes.COHERE_RERANK.scores(by_score) == [0.1, 0.9]
    named = {"scores": [{"item_id": "item-10", "score": 0.9}, {"item_id": "item-2", "score": 0.1}]}
    assert routes.SIE_RERANK.scores(named) == [0.1, 0.9]


def test_logits_become_scores_between_0_and_1() -> None:
    assert routes.LOGITS_RERANK.scores({"scores": [0.0, 4.0]}) == pytest.approx([0.5, 0.982], abs=1e-3)
