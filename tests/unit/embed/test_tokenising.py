"""Texts to rows, with and without the memo."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bentos.common.backends.interface import TokenRow
from bentos.common.engine.tokenizer import Side, Tokenizer
from bentos.common.model_store import find
from bentos.embed.tokenising import Form, RowMemo, TextRow, text_rows

pytestmark = pytest.mark.anyio

TEXTS = ["a heron", "", "two herons wait " * 9, "x" * 3000, "日本語"]
FORM = Form("query: ", 20, Side.END)


@pytest.fixture(scope="module")
def tokenizer(model_store: Path) -> Tokenizer:
    return Tokenizer.load(find("sentence-transformers/all-MiniLM-L6-v2", home=model_store).path, 256)


def row(length: int) -> TextRow:
    return TextRow(TokenRow(np.zeros(length, np.int32), np.zeros(length, np.int32)), truncated=False)


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
        expected = await text_rows(texts, form, tokenizer, None)
        for _ in range(2):
            got = await text_rows(texts, form, tokenizer, memo)
            assert [one.row.ids.tolist() for one in got] == [one.row.ids.tolist() for one in expected]
            assert [one.truncated for one in got] == [one.truncated for one in expected]


def test_a_memo_forgets_what_was_not_asked_for_the_longest() -> None:
    memo = RowMemo(3000)
    for text in ("one", "two", "three"):
        memo.keep(text, FORM, row(3))
        assert memo.get("one", FORM)
    memo.keep("four", FORM, row(3))
    assert memo.get("two", FORM) is None
    assert memo.get("one", FORM)
    assert memo.get("one", FORM._replace(prompt="")) is None


@pytest.mark.parametrize(("most_bytes", "text"), [(0, "small"), (1000, "long " * 300), (10**6, "long " * 1000)])
def test_a_memo_leaves_out_what_is_too_large(most_bytes: int, text: str) -> None:
    memo = RowMemo(most_bytes)
    memo.keep(text, FORM, row(3))
    assert memo.get(text, FORM) is None
