"""docs/dialects/embed.md shows what the service really answers."""

import pytest

from tests.docs.examples import Example, comparable, examples, shortened
from tests.http.server import ROOT
from tests.http.services import Service

EXAMPLES = examples(ROOT / "docs" / "dialects" / "embed.md")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.path)
def test_the_page_shows_the_real_answer(embed: Service, example: Example) -> None:
    method = "GET" if example.body is None else "POST"
    answer = embed.server.client.request(method, example.path, json=example.body).json()
    assert comparable(shortened(answer)) == comparable(example.answer)


def test_every_dialect_has_an_example() -> None:
    assert {example.path for example in EXAMPLES} == {
        *("/v1/embed", "/v2/embed", "/v1/tokenize", "/v1/detokenize"),
        *("/v1/embeddings", "/v1/models", "/embed", "/tokenize", "/decode", "/similarity"),
    }
