"""Pairs in a prompt: the tokens are those of the prompt as one text, whatever is cut."""

import numpy as np
import pytest

from bentos.common.engine.pairs import PairFormat, PromptedPairs, pair_format
from bentos.common.engine.tokenizer import Side, Tokenizer
from bentos.common.models.profile import PairPrompt
from tests.unit.common.engine.prompted import PROMPT, TEXTS, prompt_text, prompted_tokenizer

WINDOW = 40


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return prompted_tokenizer(WINDOW)


def whole(tokenizer: Tokenizer, query: str, document: str, instruction: str = "it") -> list[int]:
    return tokenizer.encoding(prompt_text(query, document, instruction)).ids


def row(pairs: PairFormat, query: str, document: str, keep: int = 99, side: Side = Side.END) -> list[int]:
    [content] = pairs.documents([document], keep, side)
    ids: list[int] = pairs.row(pairs.query(query, keep, side).ids, content.ids).ids.tolist()
    return ids


@pytest.mark.parametrize("document", TEXTS)
@pytest.mark.parametrize("query", TEXTS)
def test_a_pair_has_the_tokens_of_the_prompt_as_one_text(tokenizer: Tokenizer, query: str, document: str) -> None:
    pairs = pair_format(tokenizer, PROMPT)
    assert row(pairs, query, document) == whole(tokenizer, query, document)
    other = pair_format(tokenizer, PROMPT, "the other")
    assert row(other, query, document) == whole(tokenizer, query, document, "the other")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("keep", [1, 3, 5])
def test_a_text_that_is_too_long_ends_like_the_others(tokenizer: Tokenizer, keep: int, side: Side) -> None:
    pairs = pair_format(tokenizer, PROMPT)
    [content] = pairs.documents(["the heron waits for fish in the water"], keep, side)
    assert content.truncated
    assert len(content.ids) == keep + len(pairs.document_end)
    assert content.ids[keep:].tolist() == pairs.document_end.tolist() == tokenizer.encoding("\n").ids
    short = pairs.documents(["a"], 5, side)
    assert not short[0].truncated


def test_what_fits_fills_the_window(tokenizer: Tokenizer) -> None:
    pairs = pair_format(tokenizer, PROMPT)
    query = pairs.query("a stork?", pairs.content_limit, Side.END)
    [document] = pairs.documents(["heron " * 99], pairs.content_limit - len(query.ids))
    assert len(pairs.row(query.ids, document.ids).ids) == WINDOW


def test_a_part_of_a_document_is_ended(tokenizer: Tokenizer) -> None:
    pairs = pair_format(tokenizer, PROMPT)
    part = np.array([7, 8], np.int32)
    assert pairs.ended(part).tolist() == [7, 8, *pairs.document_end]
    assert PairFormat(tokenizer).ended(part) is part


def test_special_tokens_are_around_the_texts_of_other_models(tokenizer: Tokenizer) -> None:
    pairs = pair_format(tokenizer, None)
    assert pairs.content_limit == tokenizer.pair_content_limit
    first, second = (tokenizer.encoding(text).ids for text in TEXTS[:2])
    assert row(pairs, TEXTS[0], TEXTS[1]) == [*first, *second]


@pytest.mark.parametrize("prompt", [None, PROMPT.model_copy(update={"instructed": None})])
def test_an_instruction_that_the_model_does_not_take_is_an_error(
    tokenizer: Tokenizer, prompt: PairPrompt | None
) -> None:
    with pytest.raises(ValueError, match="no"):
        pair_format(tokenizer, prompt, "the other")


def test_segments_are_all_the_first(tokenizer: Tokenizer) -> None:
    made = PromptedPairs(tokenizer, PROMPT).row(np.array([1], np.int32), np.array([2], np.int32))
    assert made.ids.dtype == made.type_ids.dtype == np.dtype(np.int32)
    assert not made.type_ids.any()
