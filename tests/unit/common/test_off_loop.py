"""Short work stays on the event loop, long work does not hold it up."""

import threading

import pytest

from bentos.common.off_loop import INLINE_CHARACTERS, off_loop_if_long

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("texts", "inline"),
    [
        (["heron"], True),
        ([[5] * 100, [6]], True),
        (["a" * INLINE_CHARACTERS], False),
        ([[5] * INLINE_CHARACTERS], False),
        ([""] * 1000, False),
    ],
    ids=["a text", "token ids", "a long text", "many token ids", "many texts"],
)
async def test_where_work_is_done(texts: list[str] | list[list[int]], inline: bool) -> None:
    thread = await off_loop_if_long(texts, threading.get_ident)
    assert (thread == threading.get_ident()) == inline


async def test_an_error_comes_back() -> None:
    with pytest.raises(ZeroDivisionError):
        await off_loop_if_long(["a" * INLINE_CHARACTERS], lambda: 1 // 0)
