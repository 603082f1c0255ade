"""Each client of docs/clients.md whose request is replayed is answered with the native vectors."""

import base64
import re
from typing import Any

import numpy as np
import pytest

from tests.clients.replayed_embed import REPLAYED, TEXTS
from tests.http import reference
from tests.http.server import ROOT
from tests.http.services import Service

_ROW = re.compile(r"^\| (?P<client>[^|]+?) \|.*\| replayed \|$", re.M)


def vectors(answer: Any) -> list[Any]:
    """Of an answer in any of the dialects."""
    if isinstance(answer, list):
        return answer
    if "embeddings" in answer:
        return list(answer["embeddings"]["float"])
    return [read(item["embedding"]) for item in answer["data"]]


def read(vector: Any) -> Any:
    return np.frombuffer(base64.b64decode(vector), "<f4") if isinstance(vector, str) else vector


@pytest.mark.parametrize("client", REPLAYED)
def test_its_request_is_answered_with_the_native_vectors(e5: Service, client: str) -> None:
    path, body, kind = REPLAYED[client]
    answer = e5.server.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    native = e5.post(*TEXTS, input_type=kind).json()["embeddings"]
    assert reference.least_cosine(vectors(answer.json()), native) >= 0.999999


def test_the_page_says_replayed_of_these_and_no_others() -> None:
    page = (ROOT / "docs" / "clients.md").read_text()
    embedders = page[page.index("## As embedder") :].partition("\n## ")[0]
    found = [found["client"] for found in _ROW.finditer(embedders)]
    assert sorted(found) == sorted(REPLAYED)
