"""Each client of docs/clients.md whose request for a ranking is replayed is answered with the native one."""

import re
from functools import reduce
from math import exp
from typing import Any

import pytest

from tests.clients.replayed_rerank import REPLAYED
from tests.http.dialects.rerank_routes import DOCUMENTS, QUERY, SAME, in_order
from tests.http.server import ROOT
from tests.http.services import Service

_ROW = re.compile(r"^\| (?P<client>[^|]+?) \|.*\| replayed \|$", re.M)


@pytest.mark.parametrize("client", REPLAYED)
def test_its_request_is_answered_with_the_native_ranking(rerank: Service, client: str) -> None:
    path, body, ranks, score, also = REPLAYED[client]
    answer = rerank.server.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    read: Any = answer.json()
    native = in_order(rerank.post(*DOCUMENTS, query=QUERY).json()["results"], "score")
    scores = in_order(read[ranks] if ranks else read, score)
    if score == "logit":
        scores = [1 / (1 + exp(-logit)) for logit in scores]
    assert scores == pytest.approx(native, abs=SAME)
    for field in also:
        assert reduce(lambda value, name: value[name], field.split("."), read) >= 0


def test_the_page_says_replayed_of_these_and_no_others() -> None:
    page = (ROOT / "docs" / "clients.md").read_text()
    rerankers = page[page.index("## As reranker") :].partition("\n## ")[0]
    assert sorted(found["client"] for found in _ROW.finditer(rerankers)) == sorted(REPLAYED)
