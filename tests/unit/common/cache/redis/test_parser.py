"""What the scanner lets through is what hiredis reads, within the limits; what Redis may say is let through."""

from itertools import pairwise
from typing import Any

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import InvalidResponse

from bentos.common.cache.redis.parser import ReplyLimits, ReplyScanner

LIMITS = ReplyLimits(string_bytes=20, reply_bytes=4096, items=50)
HEADERS = ("", "*2", "$3", "$-1", "abc", "*0", "%1")
strings = st.binary(max_size=20)
replies = st.recursive(
    st.one_of(strings, st.integers(-(2**63), 2**63 - 1), st.none(), st.just(b"\r\n*9\r\n$9\r\n")),
    lambda items: st.lists(items, max_size=6),
    max_leaves=20,
)
pieces = st.lists(
    st.sampled_from([*"*$%~>|=!+-:(,#_;19a", "\r", "\n", *(f"{header}\r\n" for header in HEADERS)]), max_size=60
)
cuts = st.lists(st.integers(0, 400), max_size=10)


def written(reply: Any) -> bytes:
    """A reply in RESP."""
    match reply:
        case None:
            return b"$-1\r\n"
        case int():
            return b":%d\r\n" % reply
        case bytes():
            return b"$%d\r\n%b\r\n" % (len(reply), reply)
        case _:
            return b"*%d\r\n" % len(reply) + b"".join(map(written, reply))


def items_of(reply: Any) -> int:
    """Items of all arrays and maps."""
    if isinstance(reply, dict):
        return 2 * len(reply) + sum(map(items_of, reply.values()))
    return len(reply) + sum(map(items_of, reply)) if isinstance(reply, list) else 0


def chunks(data: bytes, places: list[int]) -> list[bytes]:
    """Data, cut at some places."""
    borders = [0, *sorted(place for place in places if place < len(data)), len(data)]
    return [data[start:end] for start, end in pairwise(borders)]


def scan(limits: ReplyLimits, pieces: list[bytes]) -> None:
    """Scan all pieces as one answer."""
    scanner = ReplyScanner(limits)
    for piece in pieces:
        scanner.scan(piece)


@given(answers=st.lists(replies, min_size=1, max_size=4), places=cuts)
def test_answers_within_the_limits_pass_however_they_are_cut(answers: list[Any], places: list[int]) -> None:
    data = b"".join(map(written, answers))
    limits = ReplyLimits(string_bytes=20, reply_bytes=len(data), items=items_of(answers))
    scan(limits, chunks(data, places))


@given(answer=replies, places=cuts)
def test_an_item_or_a_byte_too_many_is_refused(answer: Any, places: list[int]) -> None:
    data = written([answer])
    for limits in (
        ReplyLimits(string_bytes=20, reply_bytes=len(data) - 1, items=items_of([answer])),
        ReplyLimits(string_bytes=20, reply_bytes=len(data), items=items_of([answer]) - 1),
    ):
        with pytest.raises(InvalidResponse):
            scan(limits, chunks(data, places))


@given(parts=pieces, places=cuts)
def test_hiredis_never_reads_more_from_what_passes_than_the_limits_allow(parts: list[str], places: list[int]) -> None:
    scanner, reader = ReplyScanner(LIMITS), hiredis.Reader(notEnoughData=...)
    items = 0
    for chunk in chunks("".join(parts).encode(), places):
        try:
            scanner.scan(chunk)
            reader.feed(chunk)
            while (reply := reader.gets()) is not ...:
                items += items_of(reply)
        except (InvalidResponse, hiredis.ProtocolError, TypeError):  # a TypeError for a map's key that is a list
            break
    assert items <= LIMITS.items


@pytest.mark.parametrize("header", ["$21", "=21", "!21", "*51", "~51", ">51", "%26", "|26", "*", "$1_0", "$+1"])
def test_a_header_beyond_the_limits_or_without_a_number_is_refused_before_anything_else_comes(header: str) -> None:
    with pytest.raises(InvalidResponse):
        ReplyScanner(LIMITS).scan(f"{header}\r\n".encode())


def test_a_line_without_end_is_refused() -> None:
    scanner = ReplyScanner(LIMITS)
    scanner.scan(b"+" + b"a" * 1022)
    with pytest.raises(InvalidResponse):
        scanner.scan(b"a")


def test_values_of_an_mget_have_room_in_their_limits() -> None:
    value = b"$4112\r\n" + bytes(4112) + b"\r\n"
    scanner = ReplyScanner(ReplyLimits.of_values(2048, 4112))
    scanner.scan(b"*2048\r\n" + value * 2048)
