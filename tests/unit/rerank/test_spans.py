"""Where a document is cut into spans."""

import re
from itertools import pairwise

import pytest

from bentos.rerank.spans import cuts

SHORT = "The heron waits. "
LONG = "The grey heron stands still in shallow water and waits for fish to come close, all day and all night long, "


def offsets(text: str) -> list[tuple[int, int]]:
    """Tokens of a simple tokenizer: words, and each sign by itself."""
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


def spans(text: str, most: int = 64) -> list[str]:
    """Texts of the spans."""
    places = offsets(text)
    return [text[places[first][0] : places[behind - 1][1]] for first, behind in pairwise(cuts(text, places, most))]


def test_a_short_text_is_one_span() -> None:
    assert spans("The heron waits.") == ["The heron waits."]


def test_a_text_without_tokens_has_no_span() -> None:
    assert spans(" \n ") == []


@pytest.mark.parametrize("count", [2, 7, 13, 50])
def test_short_sentences_are_joined(count: int) -> None:
    found = spans(SHORT * count)
    assert " ".join(found) == (SHORT * count).strip()
    assert all(span.endswith("waits.") for span in found)
    assert all(24 <= len(offsets(span)) <= 64 for span in found) or len(found) == 1


def test_a_long_sentence_is_cut_before_a_word() -> None:
    found = spans(LONG * 10)
    assert " ".join(found) == (LONG * 10).strip()
    assert all(len(offsets(span)) <= 64 for span in found)


def test_a_sentence_ends_at_a_line_and_behind_quotes() -> None:
    sentence = " ".join(["heron"] * 30)
    assert spans(f'{sentence}\n"{sentence}." {sentence}? 3.14 is {sentence}') == [
        sentence,
        f'"{sentence}."',
        f"{sentence}?",
        f"3.14 is {sentence}",
    ]


def test_text_without_spaces_is_cut_at_its_own_signs() -> None:
    sentence = "鷺" * 30
    text = f"{sentence}\u3002{sentence}\uff01{sentence}"
    places = [(index, index + 1) for index in range(len(text))]
    assert cuts(text, places, 64) == [0, 31, 62, 92]


def test_a_word_longer_than_a_span_is_cut_inside() -> None:
    places = [(index, index + 1) for index in range(100)]
    assert cuts("a" * 100, places, 40) == [0, 40, 80, 100]


@pytest.mark.parametrize("most", [1, 2, 5, 24, 64])
def test_spans_cover_all_tokens_and_none_is_too_long(most: int) -> None:
    text = (SHORT * 3 + LONG) * 4
    found = cuts(text, offsets(text), most)
    assert (found[0], found[-1]) == (0, len(offsets(text)))
    assert all(0 < behind - first <= most for first, behind in pairwise(found))


@pytest.mark.parametrize("run", [".", "!?", '."', "a.", "…)", "。"])
def test_a_run_of_punctuation_is_read_once(run: str) -> None:
    """Tried from each of its signs, as patterns without care do, it would take hours."""
    assert cuts(run * 500_000, [(0, 1)], 64) == [0, 1]


def test_a_sentence_ends_behind_its_quotes_and_brackets() -> None:
    first = LONG + 'as they say (or "wait...")'
    assert spans(f"{first} {LONG}{LONG}")[0] == first
