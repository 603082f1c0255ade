"""Compressed bodies inflate to what was compressed, a little at a time."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.common.errors import MalformedBody, UnsupportedBody
from bentos.common.http.content_encoding import FIRST_STEP_BYTES, Inflater, inflater

MEBIBYTE = 1024 * 1024


def inflated(compressed: bytes, part: int) -> bytes:
    inflate = Inflater()
    pieces = [piece for at in range(0, len(compressed), part) for piece in inflate.feed(compressed[at : at + part])]
    inflate.end()
    return b"".join(pieces)


@settings(max_examples=50)
@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_come_back_whatever_their_parts(data: bytes, part: int) -> None:
    assert inflated(gzip.compress(data), part) == data
    assert inflated(zlib.compress(data), part) == data


@settings(max_examples=10)
@given(st.integers(-300, 300))
def test_sizes_near_a_step_come_back_whole(more: int) -> None:
    data = b"heron" * 600_000
    for steps in (FIRST_STEP_BYTES, FIRST_STEP_BYTES + 2 * MEBIBYTE):
        part = data[: steps + more]
        assert inflated(gzip.compress(part), 65536) == part


def test_a_bomb_is_inflated_no_further_than_it_is_asked_for() -> None:
    bomb = gzip.compress(b"\0" * 30 * MEBIBYTE)
    tracemalloc.start()
    pieces = Inflater().feed(bomb)
    assert [len(next(pieces)) for _ in range(3)] == [FIRST_STEP_BYTES, MEBIBYTE, MEBIBYTE]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MEBIBYTE


WHOLE = gzip.compress(b"{}", mtime=0)


@pytest.mark.parametrize(
    "broken",
    [b"{}", WHOLE + b"x", WHOLE[:-1], b"\x1f", b""],
    ids=["plain", "goes on", "cut off", "one byte", "empty"],
)
def test_what_is_not_compressed_as_it_says_is_refused(broken: bytes) -> None:
    with pytest.raises(MalformedBody):
        inflated(broken, 7)


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_nothing_inflates_what_is_sent_as_it_is(encoding: str) -> None:
    assert inflater(encoding) is None


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "gzip;q=1"])
def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(UnsupportedBody, match="Content-Encoding"):
        inflater(encoding)
