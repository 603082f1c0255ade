"""docs/dialects/embed.md shows what the service really answers."""

import base64
import re
from typing import Any

import numpy as np
import pytest

from tests.docs.examples import Example, examples
from tests.http.server import ROOT
from tests.http.services import Service

EXAMPLES = examples(ROOT / "docs" / "dialects" / "embed.md")
SHOWN_NUMBERS = 2
SHOWN_CHARACTERS = 12
LONG_STRING = 120
REQUEST_ID = re.compile("[0-9a-f]{32}")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.path)
def test_the_page_shows_the_real_answer(embed: Service, example: Example) -> None:
    method = "GET" if example.body is None else "POST"
    answer = embed.server.client.request(method, example.path, json=example.body).json()
    assert comparable(shortened(answer)) == comparable(example.answer)


def test_every_dialect_has_an_example() -> None:
    assert {example.path for example in EXAMPLES} == {
        *("/v1/embed", "/v2/embed", "/v1/tokenize", "/v1/detokenize"),
        *("/v1/embeddings", "/v1/models", "/embed"),
    }


def shortened(answer: Any) -> Any:
    """The answer as the page shows it: of vectors and encoded ones only the beginning."""
    match answer:
        case dict():
            return {key: shortened(value) for key, value in answer.items()}
        case [int() | float(), *_] if len(answer) > 2 * SHOWN_CHARACTERS:
            return [*answer[:SHOWN_NUMBERS], f"… {len(answer) - SHOWN_NUMBERS} more"]
        case list():
            return [shortened(item) for item in answer]
        case str() if len(answer) > LONG_STRING and " " not in answer:
            return f"{answer[:SHOWN_CHARACTERS]}…"
        case _:
            return answer


def comparable(answer: Any) -> Any:
    """The answer without the request's id, which is never the same, and with numbers rounded, encoded ones too."""
    match answer:
        case dict():
            return {key: comparable(value) for key, value in answer.items()}
        case list():
            return [comparable(item) for item in answer]
        case float():
            return round(answer, 4)
        case str() if REQUEST_ID.fullmatch(answer):
            return "the request's id"
        case str() if answer.endswith("…"):
            return np.frombuffer(base64.b64decode(answer[:SHOWN_CHARACTERS]), "<f4", SHOWN_NUMBERS).round(4).tolist()
        case _:
            return answer
