"""Texts to rows, with and without the memo."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bentos.common.backends.interface import TokenRow
from bentos.common.cache.key import RowKeys
from bentos.common.engine.tokenizer import Side, Tokenizer
from bentos.common.errors import InvalidInput
from bentos.common.model_store import find
from bentos.embed.tokenising import Form, RowMemo, TextRow, decoded, text_rows, tokenized
from tests.unit.common.cache.parts import IDENTITY

pytestmark = pytest.mark.anyio

TEXTS = ["a heron", "", "two herons wait " * 9, "x" * 3000, "日本語"]
FORM = Form("query: ", 20, Side.END)
KEY = RowKeys(IDENTITY)


@pytest.fixture(scope="module")
def tokenizer(model_store: Path) -> Tokenizer:
    return Tokenizer.load(find("sentence-transformers/all-MiniLM-L6-v2", home=model_store).path, 256)


def row(length: int) -> TextRow:
    tokens = TokenRow(np.zeros(length, np.int32), np.zeros(length, np.int32))
    return TextRow(tokens, KEY(tokens), truncated=False)


def known(memo: RowMemo, text: str, form: Form = FORM) -> bool:
    return memo.get_many([text], form) != [None]


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
    tokenizer: Tokenizer, requests: list[list[str]], forms: list[Form]
) -> None:
    memo = RowMemo(20_000)
    for texts, form in zip(requests, forms, strict=False):
        expected = tokenized(texts, form, tokenizer, KEY)

        async def tokenize(texts: Sequence[str], form: Form = form) -> list[TextRow]:
            return tokenized(texts, form, tokenizer, KEY)

        for _ in range(2):
            got = await text_rows(texts, form, tokenize, memo)
            assert [one.row.ids.tolist() for one in got] == [one.row.ids.tolist() for one in expected]
            assert [one.key for one in got] == [KEY(one.row) for one in expected]
            assert [one.truncated for one in got] == [one.truncated for one in expected]


def test_a_memo_forgets_what_was_not_asked_for_the_longest() -> None:
    memo = RowMemo(2100)
    for text in ("one", "two", "three"):
        memo.keep(text, FORM, row(3))
        assert known(memo, "one")
    memo.keep("four", FORM, row(3))
    assert not known(memo, "two")
    assert known(memo, "one")
    assert not known(memo, "one", FORM._replace(prompt=""))


@pytest.mark.parametrize(("most_bytes", "text"), [(0, "small"), (1000, "long " * 300), (10**6, "long " * 1000)])
def test_a_memo_leaves_out_what_is_too_large(most_bytes: int, text: str) -> None:
    memo = RowMemo(most_bytes)
    memo.keep(text, FORM, row(3))
    assert not known(memo, text)


@pytest.mark.parametrize("side", Side)
def test_of_many_token_ids_only_those_are_decoded_that_may_be_kept(tokenizer: Tokenizer, side: Side) -> None:
    first, last = (tokenizer.tokens(text)[0][0] for text in ("heron", "stork"))
    ids = [first] * 200_000 + [last] * 200_000
    form = Form("", 20, side)
    text = decoded(ids, tokenizer, "input", form)
    assert len(text) < 16 * 20 * 10
    [row] = tokenized([text], form, tokenizer, KEY)
    assert row.truncated
    assert set(row.row.ids[1:-1].tolist()) == {last if side is Side.START else first}
    with pytest.raises(InvalidInput) as wrong:
        decoded([*ids, -1], tokenizer, "input", form)
    assert wrong.value.param == "input.400000"
