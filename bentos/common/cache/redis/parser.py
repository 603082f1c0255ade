"""hiredis behind limits: whoever answers as Redis, an answer is no larger than one that was asked for can be."""

import asyncio
from dataclasses import dataclass
from typing import Any, Self

from redis._parsers import _AsyncHiredisParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse

_LINE_BYTES = 1024
"""Longest header, status or error; Redis cuts what its errors repeat far below this."""
_STRINGS, _ARRAYS, _MAPS = b"$=!", b"*~>", b"%|"
_HEADER_BYTES = 16
"""Most that surrounds a value in an answer."""


@dataclass(frozen=True, slots=True)
class ReplyLimits:
    """How large an answer may be. The defaults have room for the commands by which a client finds its way in a cluster.

    Attributes:
        string_bytes: of one string.
        reply_bytes: of a whole answer.
        items: of all arrays and maps of an answer.
    """

    string_bytes: int = 64 * 1024
    reply_bytes: int = 2 * 1024 * 1024
    items: int = 100_000

    @classmethod
    def of_values(cls, count: int, value_bytes: int) -> Self:
        """Limits with room for an MGET of this many values of this many bytes, too."""
        limits = cls()
        return cls(
            max(limits.string_bytes, value_bytes),
            max(limits.reply_bytes, count * (value_bytes + _HEADER_BYTES)),
            max(limits.items, count),
        )


class ReplyScanner:
    """Checks what the headers of an answer announce, before the answer is parsed.

    hiredis allocates an array for as many items as its header says, and keeps an answer that does not end.
    """

    def __init__(self, limits: ReplyLimits) -> None:
        self._limits = limits
        self._skip = 0  # bytes of a string that have not come yet
        self._line = b""  # beginning of a line that has not come as a whole
        self._header, self._stride = b"$0\r\n", 6  # of the string that came last
        self.begin_reply()

    def begin_reply(self) -> None:
        """Count anew."""
        self._bytes_left = self._limits.reply_bytes
        self._items_left = self._limits.items

    def scan(self, chunk: bytes) -> None:
        """Check what came next from the connection.

        Raises:
            InvalidResponse: it breaks a limit or the protocol.
        """
        self._bytes_left -= len(chunk)
        if self._bytes_left < 0:
            raise InvalidResponse(f"an answer of over {self._limits.reply_bytes} bytes")
        data = self._line + chunk
        position = self._skip
        while True:
            # Most of the bytes are strings of one length, one after the other.
            while data.startswith(self._header, position):
                position += self._stride
            end = data.find(b"\r\n", position, position + _LINE_BYTES)
            if end < 0:
                break
            position = self._after_line(data, position, end)
        self._line = data[position:]
        self._skip = max(0, position - len(data))
        if len(self._line) >= _LINE_BYTES:
            raise InvalidResponse(f"a line of over {_LINE_BYTES} bytes")

    def _after_line(self, data: bytes, start: int, end: int) -> int:
        """Where the next header stands, behind the line between two positions and the string that it announces."""
        after = end + 2
        kind = data[start : start + 1]
        if kind in _STRINGS:
            size = _number(data[start + 1 : end])
            if size > self._limits.string_bytes:
                raise InvalidResponse(f"a string of over {self._limits.string_bytes} bytes")
            if size >= 0:
                self._header, after = data[start:after], after + size + 2
                self._stride = after - start
        elif kind in _ARRAYS or kind in _MAPS:
            items = _number(data[start + 1 : end]) * (2 if kind in _MAPS else 1)
            self._items_left -= max(0, items)
            if self._items_left < 0:
                raise InvalidResponse(f"an answer of over {self._limits.items} items")
        return after


def _number(text: bytes) -> int:
    """The number of a header; strict like hiredis, so that both always agree on where the next header stands."""
    if not text.removeprefix(b"-").isdigit():
        raise InvalidResponse("a header without a number")
    return int(text)


class BoundedParser(_AsyncHiredisParser):
    """redis-py's parser with limits. An answer that breaks one raises `InvalidResponse`; its connection is closed."""

    _stream: asyncio.StreamReader
    _reader: Any

    def __init__(self, socket_read_size: int, limits: ReplyLimits) -> None:
        super().__init__(socket_read_size)
        self._limits = limits
        self._scanner = ReplyScanner(limits)

    def on_connect(self, connection: Any) -> None:
        """Begin with what comes from a new connection."""
        super().on_connect(connection)  # type: ignore[no-untyped-call]
        self._scanner = ReplyScanner(self._limits)

    async def read_from_socket(self) -> bool:
        """Wait for bytes, and hand them to hiredis once they are checked."""
        chunk = await self._stream.read(self._read_size)
        if not chunk:
            raise RedisConnectionError("Redis has closed the connection")
        self._scanner.scan(chunk)
        self._reader.feed(chunk)
        return True

    async def read_response(self, disable_decoding: bool = False, push_request: bool = False) -> Any:
        """The next answer."""
        response = await super().read_response(disable_decoding, push_request)
        self._scanner.begin_reply()
        return response
