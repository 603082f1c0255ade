"""Compressed bodies (RFC 9110, 8.4): inflated step by step, so that a bomb ends at the limit of the body."""

import zlib
from collections.abc import Iterator

from bentos.common.errors import MalformedBody, UnsupportedBody

FIRST_STEP_BYTES = 64 * 1024
"""Most bytes of the first piece of a part: some 0.2 ms of work. A smaller piece is the last one."""
_STEP_BYTES = 1024 * 1024
_NONE = frozenset({"", "identity"})
_ZLIB = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # zlib finds out by the first bytes which of the two it is


class Inflater:
    """Inflates one body."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP_OR_ZLIB)

    def feed(self, compressed: bytes) -> Iterator[bytes]:
        """What a part of the body inflates to, in pieces of up to 1 MiB, the first of up to `FIRST_STEP_BYTES`.

        Raises:
            MalformedBody: it is not of this encoding, or something follows its end.
        """
        goes_on, step = bool(compressed), FIRST_STEP_BYTES
        while goes_on:
            try:
                piece = self._stream.decompress(compressed, step)
            except zlib.error:
                raise MalformedBody("The body is not what its header Content-Encoding says.") from None
            yield piece
            compressed = self._stream.unconsumed_tail
            # Of what has been read to its end some may still wait to be put out.
            goes_on, step = bool(compressed) or len(piece) == step, _STEP_BYTES
        if self._stream.unused_data:
            raise MalformedBody("The body goes on after the end of its compressed data.")

    def end(self) -> None:
        """Check that the body is complete.

        Raises:
            MalformedBody: it is cut off.
        """
        if not self._stream.eof:
            raise MalformedBody("The body's compressed data is cut off.")


def inflater(encoding: str) -> Inflater | None:
    """What inflates a body with this header Content-Encoding, which may be empty; none if it is sent as it is.

    Raises:
        UnsupportedBody: the encoding is neither gzip nor deflate.
    """
    name = encoding.strip().lower()
    if name in _NONE:
        return None
    if name not in _ZLIB:
        raise UnsupportedBody("Send the body with Content-Encoding: gzip or deflate, or without that header.")
    return Inflater()
