"""Reading a request's JSON body within limits, and refusing what is ambiguous."""

from email.message import Message
from typing import Any, TypeVar

import jiter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request

from bentos.common.errors import BodyTooLarge, DomainError, InvalidInput, MalformedBody, UnsupportedBody
from bentos.common.http.raw_headers import header

_SCOPE_KEY = "duobento.body"

Body = TypeVar("Body")


async def load_json(request: Request, limit: int) -> Any:
    """Read the body and return it parsed; what came of it, also an error, is kept for all that handle the request.

    Duplicate keys, NaN, invalid UTF-8 and lone surrogates are refused: two parsers would read them differently.

    Args:
        request: its body is read once.
        limit: most bytes.

    Raises:
        UnsupportedBody: the content type is not JSON.
        BodyTooLarge: more bytes than the limit, whether declared or found while reading.
        MalformedBody: not JSON.
    """
    if _SCOPE_KEY not in request.scope:
        try:
            request.scope[_SCOPE_KEY] = await _load(request, limit)
        except DomainError as error:
            request.scope[_SCOPE_KEY] = error
    loaded = request.scope[_SCOPE_KEY]
    if isinstance(loaded, DomainError):
        raise loaded
    return loaded


async def read(request: Request, limit: int) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: more bytes than the limit, whether declared or found while reading.
        ClientDisconnect: the client left.
    """
    declared = header(request.scope, "Content-Length") or ""
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return b"".join(chunks)


def validated(body: Any, model: TypeAdapter[Body]) -> Body:
    """A parsed body as what the route declares.

    Raises:
        InvalidInput: it does not fit; the error names the first place.
    """
    try:
        return model.validate_python(body)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        param = ".".join(str(part) for part in first["loc"]) or None
        reason = first["msg"].removeprefix("Value error, ")
        raise InvalidInput(f"{param}: {reason}" if param else reason, param=param) from None


async def _load(request: Request, limit: int) -> Any:
    _check_type(request)
    raw = await read(request, limit)
    try:
        return jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise MalformedBody(f"The body is not valid JSON: {error}.") from None


def _check_type(request: Request) -> None:
    given = header(request.scope, "Content-Type") or ""
    if given == "application/json":  # what nearly everybody sends, without the cost of a parser
        return
    message = Message()
    message["content-type"] = given
    subtype = message.get_content_subtype()
    if message.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise UnsupportedBody("Send the body as JSON, with the header Content-Type: application/json.")


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {limit} bytes, the most this service accepts.")
