"""docs/dialects/rerank.md shows what the service really answers."""

from typing import Any

import pytest

from tests.docs.examples import Example, examples
from tests.http.server import ROOT
from tests.http.services import Service

EXAMPLES = examples(ROOT / "docs" / "dialects" / "rerank.md")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.path)
def test_the_page_shows_the_real_answer(rerank: Service, example: Example) -> None:
    answer = rerank.server.client.post(example.path, json=example.body).json()
    assert _comparable(answer) == _comparable(example.answer)


def test_every_dialect_has_an_example() -> None:
    assert [example.path for example in EXAMPLES] == ["/v1/rerank", "/v2/rerank", "/rerank", "/v1/score", "/v1/ranking"]


def _comparable(answer: Any) -> Any:
    """The answer without its id and time, which are never the same, and with scores rounded."""
    match answer:
        case dict():
            return {key: _comparable(value) for key, value in answer.items() if key not in ("id", "created")}
        case list():
            return [_comparable(item) for item in answer]
        case float():
            return round(answer, 3)
        case _:
            return answer
