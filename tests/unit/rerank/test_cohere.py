"""What Cohere's routes compute by themselves: the text of an object, search units."""

import pytest

from bentos.common.errors import InvalidInput
from bentos.rerank.routes.cohere import search_units
from bentos.rerank.routes.document_text import scored_text

DOCUMENT = {"text": "waits", "title": "Heron", "legs": 2, "seen": ["river", "é"], "none": None}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (["text"], "waits"),
        (["legs"], "2"),
        (["title", "text"], "title: Heron\ntext: waits"),
        (["text", "title"], "text: waits\ntitle: Heron"),
        (["seen", "none", "missing", "legs"], 'seen: ["river","é"]\nlegs: 2'),
        (["title", "missing"], "title: Heron"),
    ],
    ids=str,
)
def test_the_fields_of_an_object_are_written_in_their_order(fields: list[str], text: str) -> None:
    assert scored_text(DOCUMENT, fields, 0) == text


def test_a_string_is_itself_whatever_the_fields() -> None:
    assert scored_text("heron", ["title", "text"], 0) == "heron"


def test_an_object_without_any_of_the_fields_is_refused_and_its_place_is_named() -> None:
    with pytest.raises(InvalidInput, match="title or none") as refused:
        scored_text({"text": "waits", "none": None}, ["title", "none"], 3)
    assert refused.value.param == "documents.3"


@pytest.mark.parametrize(
    ("pair_tokens", "units"),
    [([0], 1), ([500] * 100, 1), ([500] * 101, 2), ([501] * 50, 1), ([501] * 51, 2), ([1501] * 100, 4)],
    ids=lambda value: str(value)[:20],
)
def test_a_unit_is_a_hundred_documents_of_500_tokens(pair_tokens: list[int], units: int) -> None:
    assert search_units(pair_tokens) == units
