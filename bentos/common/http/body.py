"""Reading a request's JSON body within limits, and refusing what is ambiguous."""

from email.message import Message
from typing import Any

import jiter
from starlette.requests import Request

from bentos.common.errors import BodyTooLarge, MalformedBody, UnsupportedBody


class JSONRequest(Request):
    """A request whose JSON body has been read and parsed by `load`."""

    _parsed: Any

    async def load(self, limit: int) -> None:
        """Read and parse the body.

        Duplicate keys, NaN, invalid UTF-8 and lone surrogates are refused: two parsers would read them differently.

        Args:
            limit: most bytes.

        Raises:
            UnsupportedBody: the content type is not JSON.
            BodyTooLarge: more bytes than the limit, whether declared or found while reading.
            MalformedBody: not JSON.
        """
        content_type = Message()
        content_type["content-type"] = self.headers.get("content-type", "")
        if content_type.get_content_maintype() != "application" or not (
            content_type.get_content_subtype() == "json" or content_type.get_content_subtype().endswith("+json")
        ):
            raise UnsupportedBody("Send the body as JSON, with the header Content-Type: application/json.")
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise _too_large(limit)
        chunks: list[bytes] = []
        size = 0
        async for chunk in self.stream():
            size += len(chunk)
            if size > limit:
                raise _too_large(limit)
            chunks.append(chunk)
        self._body = b"".join(chunks)
        try:
            self._parsed = jiter.from_json(self._body, allow_inf_nan=False, catch_duplicate_keys=True)
        except ValueError as error:
            raise MalformedBody(f"The body is not valid JSON: {error}.") from None

    async def json(self) -> Any:
        """The parsed body."""
        return self._parsed


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {limit} bytes, the most this service accepts.")
