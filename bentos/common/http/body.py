"""Reading a request's JSON body within limits, and refusing what is ambiguous."""

from email.message import Message
from typing import Any, NamedTuple

import jiter
from starlette.requests import Request

from bentos.common.errors import BodyTooLarge, DomainError, MalformedBody, UnsupportedBody

_SCOPE_KEY = "duobento.body"


class _Body(NamedTuple):
    raw: bytes
    parsed: Any


class JSONRequest(Request):
    """A request whose JSON body is read and parsed by `load`, once for all that handle the request.

    What came of it, the body or the error, is kept in the request's scope.
    """

    async def load(self, limit: int) -> Any:
        """Read the body and return it parsed.

        Duplicate keys, NaN, invalid UTF-8 and lone surrogates are refused: two parsers would read them differently.

        Args:
            limit: most bytes.

        Raises:
            UnsupportedBody: the content type is not JSON.
            BodyTooLarge: more bytes than the limit, whether declared or found while reading.
            MalformedBody: not JSON.
        """
        if _SCOPE_KEY not in self.scope:
            try:
                self.scope[_SCOPE_KEY] = await self._load(limit)
            except DomainError as error:
                self.scope[_SCOPE_KEY] = error
        if isinstance(self.scope[_SCOPE_KEY], DomainError):
            raise self.scope[_SCOPE_KEY]
        return self.scope[_SCOPE_KEY].parsed

    async def body(self) -> bytes:
        """The body as it was sent."""
        raw: bytes = self.scope[_SCOPE_KEY].raw
        return raw

    async def json(self) -> Any:
        """The parsed body."""
        return self.scope[_SCOPE_KEY].parsed

    async def _load(self, limit: int) -> _Body:
        self._check_type()
        raw = await self._read(limit)
        try:
            return _Body(raw, jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True))
        except ValueError as error:
            raise MalformedBody(f"The body is not valid JSON: {error}.") from None

    def _check_type(self) -> None:
        given = self.headers.get("content-type", "")
        if given == "application/json":  # what nearly everybody sends, without the cost of a parser
            return
        header = Message()
        header["content-type"] = given
        subtype = header.get_content_subtype()
        if header.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
            raise UnsupportedBody("Send the body as JSON, with the header Content-Type: application/json.")

    async def _read(self, limit: int) -> bytes:
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
        return b"".join(chunks)


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {limit} bytes, the most this service accepts.")
