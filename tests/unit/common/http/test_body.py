"""A body is read to its end, up to its limit, or not at all."""

from collections.abc import Callable, Iterable
from itertools import chain, islice, repeat
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from bentos.common.errors import BodyTooLarge
from bentos.common.http.body import read

pytestmark = pytest.mark.anyio


def request(messages: Iterable[dict[str, Any]], headers: Iterable[tuple[bytes, bytes]] = ()) -> Request:
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    return Request({"type": "http", "headers": list(headers)}, receive)


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize(
    "messages",
    [
        [part(b"abcd")],
        [part(b"ab", more=True), part(b"cd")],
        [part(b"", more=True), part(b"abcd", more=True), part(b"")],
        [{"type": "http.request", "more_body": True}, part(b"abcd")],
    ],
)
async def test_all_parts_are_read(messages: list[dict[str, Any]]) -> None:
    assert await read(request(messages), limit=4) == b"abcd"


async def test_a_request_without_a_body_has_an_empty_one() -> None:
    assert await read(request([{"type": "http.request"}]), limit=4) == b""


async def test_nothing_is_read_of_a_body_that_says_it_is_too_large() -> None:
    with pytest.raises(BodyTooLarge):
        await read(request([], [(b"content-length", b"5")]), limit=4)


async def test_what_turns_out_too_large_is_not_read_to_its_end() -> None:
    with pytest.raises(BodyTooLarge):
        await read(request([part(b"abc", more=True), part(b"de", more=True)]), limit=4)


async def test_a_client_that_leaves_in_the_middle_sent_no_body() -> None:
    with pytest.raises(ClientDisconnect):
        await read(request([part(b"ab", more=True), {"type": "http.disconnect"}]), limit=4)


GZIP_HEAD = b"\x1f\x8b\x08%c" + bytes(6)


def gzip_of_empty_blocks() -> Iterable[bytes]:
    return chain([GZIP_HEAD % 0], repeat(b"\x00\x00\x00\xff\xff"))


def gzip_with_an_endless_name() -> Iterable[bytes]:
    return chain([GZIP_HEAD % 8], repeat(b"heron"))


def gzip_with_an_endless_comment() -> Iterable[bytes]:
    return chain([GZIP_HEAD % 16], repeat(b"heron"))


@pytest.mark.parametrize("compressed", [gzip_of_empty_blocks, gzip_with_an_endless_name, gzip_with_an_endless_comment])
async def test_compressed_bytes_count_also_if_they_inflate_to_nothing(
    compressed: Callable[[], Iterable[bytes]],
) -> None:
    sent = request((part(piece, more=True) for piece in islice(compressed(), 1000)), [(b"content-encoding", b"gzip")])
    with pytest.raises(BodyTooLarge):
        await read(sent, limit=1000)
