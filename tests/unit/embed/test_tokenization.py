"""Texts to rows, with and without the cache."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bentos.common.backends.interface import TokenRow
from bentos.common.cache.key import RowHasher
from bentos.common.engine.tokenizer import Side, Tokenizer
from bentos.common.errors import InvalidInput
from bentos.common.models.store import find
from bentos.embed.tokenization import TextRow, TokenizationCache, TokenizationSpec, decoded, text_rows, tokenized
from tests.unit.common.cache.parts import IDENTITY

pytestmark = pytest.mark.anyio

TEXTS = ["a heron", "", "two herons wait " * 9, "x" * 3000, "日本語"]
FORM = TokenizationSpec("query: ", 20, Side.END)
KEY = RowHasher(IDENTITY)


@pytest.fixture(scope="module")
def tokenizer(model_store: Path) -> Tokenizer:
    return Tokenizer.load(find("sentence-transformers/all-MiniLM-L6-v2", home=model_store).path, 256)


def row(length: int) -> TextRow:
    tokens = TokenRow(np.zeros(length, np.int32), np.zeros(length, np.int32))
    return TextRow(tokens, KEY(tokens), truncated=False)


def known(cache: TokenizationCache, text: str, spec: TokenizationSpec = FORM) -> bool:
    return cache.get_many([text], spec) != [None]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.lists(
        st.lists(st.sampled_from(TEXTS), min_size=1, max_size=6),
        min_size=1,
        max_size=4,
    ),
    forms=st.lists(st.sampled_from([FORM, FORM._replace(side=Side.START), FORM._replace(prompt="")]), min_size=4),
)
async def test_rows_are_the_same_with_a_memo(
    tokenizer: Tokenizer, requests: list[list[str]], forms: list[TokenizationSpec]
) -> None:
    cache = TokenizationCache(20_000)
    for texts, spec in zip(requests, forms, strict=False):
        expected = tokenized(texts, spec, tokenizer, KEY)

        async def tokenize(texts: Sequence[str], spec: TokenizationSpec = spec) -> list[TextRow]:
            return tokenized(texts, spec, tokenizer, KEY)

        for _ in range(2):
            got = await text_rows(texts, spec, tokenize, cache)
            assert [one.row.ids.tolist() for one in got] == [one.row.ids.tolist() for one in expected]
            assert [one.key for one in got] == [KEY(one.row) for one in expected]
            assert [one.truncated for one in got] == [one.truncated for one in expected]


def test_a_memo_forgets_what_was_not_asked_for_the_longest() -> None:
    cache = TokenizationCache(2100)
    for text in ("one", "two", "three"):
        cache.keep(text, FORM, row(3))
        assert known(cache, "one")
    cache.keep("four", FORM, row(3))
    assert not known(cache, "two")
    assert known(cache, "one")
    assert not known(cache, "one", FORM._replace(prompt=""))


@pytest.mark.parametrize(("most_bytes", "text"), [(0, "small"), (1000, "long " * 300), (10**6, "long " * 1000)])
def test_a_memo_leaves_out_what_is_too_large(most_bytes: int, text: str) -> None:
    cache = TokenizationCache(most_bytes)
    cache.keep(text, FORM, row(3))
    assert not known(cache, text)


@pytest.mark.parametrize("side", Side)
def test_of_many_token_ids_only_those_are_decoded_that_may_be_kept(tokenizer: Tokenizer, side: Side) -> None:
    first, last = (tokenizer.tokens(text)[0][0] for text in ("heron", "stork"))
    ids = [first] * 200_000 + [last] * 200_000
    spec = TokenizationSpec("", 20, side)
    text = decoded(ids, tokenizer, ("input",), spec)
    assert len(text) < 16 * 20 * 10
    [row] = tokenized([text], spec, tokenizer, KEY)
    assert row.truncated
    assert set(row.row.ids[1:-1].tolist()) == {last if side is Side.START else first}
    with pytest.raises(InvalidInput) as wrong:
        decoded([*ids, -1], tokenizer, ("input",), spec)
    assert wrong.value.param == "input.400000"
