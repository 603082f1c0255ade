"""Tokens as the models' own tokenizers give them, however long the text and wherever it is cut."""

from pathlib import Path

import numpy as np
import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.common.engine.tokenizer import Side, Tokenizer
from bentos.common.models import store as model_store

KEEP = 16
MODELS = ["sentence-transformers/all-MiniLM-L6-v2", "intfloat/multilingual-e5-small-q4"]

words = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=30),
    st.sampled_from(
        ["the", "Donau­dampfschiff", "東京都は日本の首都である", "naïve", "👩‍👩‍👧", "x" * 90, "ก็ดีนะครับ", "1,234.5"]
    ),
)
spaces = st.sampled_from([" ", "  ", "\n", "\t \n", " " * 20])
texts = st.lists(st.tuples(words, spaces), min_size=1, max_size=150).map(
    lambda parts: "".join(word + space for word, space in parts)
)
runs_without_spaces = st.lists(words, min_size=40, max_size=300).map("".join)


@pytest.fixture(scope="module", params=MODELS)
def folder(request: pytest.FixtureRequest, model_store: Path) -> Path:
    return _find(request.param, model_store)


def _find(model_id: str, home: Path) -> Path:
    return model_store.find(model_id, home=home).path


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.load(folder, window=KEEP + 2)


@pytest.fixture(scope="module")
def reference(folder: Path) -> tokenizers.Tokenizer:
    reference = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    reference.no_truncation()
    reference.no_padding()
    return reference


@settings(max_examples=300)
@given(text=texts | runs_without_spaces, side=st.sampled_from(Side))
def test_cutting_before_tokenizing_does_not_change_the_kept_tokens(
    tokenizer: Tokenizer, reference: tokenizers.Tokenizer, text: str, side: Side
) -> None:
    whole = reference.encode(text, add_special_tokens=False).ids
    [content] = tokenizer.contents([text], KEEP, side=side)
    assert content.ids.tolist() == (whole[:KEEP] if side is Side.END else whole[-KEEP:])
    assert content.truncated == (len(whole) > KEEP)


@settings(max_examples=50)
@given(batch=st.lists(texts, min_size=1, max_size=8))
def test_a_text_gives_the_same_tokens_alone_and_among_others(tokenizer: Tokenizer, batch: list[str]) -> None:
    together = tokenizer.contents(batch, KEEP)
    for text, content in zip(batch, together, strict=True):
        [alone] = tokenizer.contents([text], KEEP)
        assert alone.truncated == content.truncated
        assert np.array_equal(alone.ids, content.ids)


def test_the_prefix_survives_truncation_at_the_start(tokenizer: Tokenizer, reference: tokenizers.Tokenizer) -> None:
    text = " ".join(f"word{number}" for number in range(500))
    [content] = tokenizer.contents([text], KEEP, side=Side.START, prefix="query: ")
    prefix = reference.encode("query: ", add_special_tokens=False).ids
    whole = reference.encode(text, add_special_tokens=False).ids
    assert content.ids.tolist() == prefix + whole[-(KEEP - len(prefix)) :]
    assert content.truncated


def test_rows_carry_the_special_tokens_and_segments_of_the_model(
    tokenizer: Tokenizer, reference: tokenizers.Tokenizer
) -> None:
    single, pair = reference.encode("a query"), reference.encode("a query", "and its document")
    query, document = tokenizer.contents(["a query", "and its document"], KEEP)
    assert tokenizer.row(query.ids).ids.tolist() == single.ids
    row = tokenizer.pair_row(query.ids, document.ids)
    assert (row.ids.tolist(), row.type_ids.tolist()) == (pair.ids, pair.type_ids)
    assert tokenizer.pair_content_limit == KEEP + 2 - (len(pair.ids) - len(query.ids) - len(document.ids))


@pytest.mark.parametrize("text", ["word " * 2_000_000, "x" * 10_000_000, " " * 9_999_999 + "x", "語" * 3_000_000])
@pytest.mark.parametrize("side", Side)
def test_ten_megabytes_cost_no_more_than_a_bounded_piece_of_them(tokenizer: Tokenizer, text: str, side: Side) -> None:
    seen: list[int] = []
    real = tokenizer._tokenizer

    class Counting:
        def encode(self, piece: str, **options: bool) -> tokenizers.Encoding:
            seen.append(len(piece))
            return real.encode(piece, **options)

        def encode_batch_fast(self, pieces: list[str], **options: bool) -> list[tokenizers.Encoding]:
            seen.extend(map(len, pieces))
            return real.encode_batch_fast(pieces, **options)

    counting = Tokenizer(real, tokenizer.window)
    counting._tokenizer = Counting()  # type: ignore[assignment]
    [content] = counting.contents([text], KEEP, side=side)
    assert content.truncated
    assert sum(seen) <= 2 * KEEP * 128
