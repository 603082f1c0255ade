"""A request's JSON body, read, parsed and validated within limits that come before any work on it."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from functools import cache
from typing import Any, TypeVar

import jiter
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from bentos.common.bounds import MOST_FIELDS
from bentos.common.errors import (
    BodyTooLarge,
    DomainError,
    InvalidInput,
    MalformedBody,
    TooManyItems,
    UnsupportedBody,
    shortened,
)
from bentos.common.http.content_encoding import FIRST_STEP_BYTES, inflater
from bentos.common.http.inflight import FREE_BYTES, charge_of
from bentos.common.http.json.errors import describe
from bentos.common.http.json.structure import Limits, exceeded

PARSED = "duobento.body"
"""Key of a request's scope under which its parsed body stands, or the error that it met."""
INLINE_BYTES = 64 * 1024
"""A body of more bytes is parsed beside the event loop; others take at most some 2 ms."""
LIMITS = Limits(containers=100_000, keys=100_000, values=500_000)
"""What a body may hold that is parsed beside the event loop, as the parser keeps the interpreter's lock."""
NOT_AN_OBJECT = "The body should be a JSON object."
# Inside a string both quotes would have a backslash before them.
_FIELD = re.compile(rb'"([a-z_0-9]{1,32})"\s*:')
_FIELDS_WITHIN = 256 * 1024
_OF_A_UNION = re.compile(r"(list|dict)\[.+\]")
"""What pydantic adds to the place of an error: the type that it tried."""
_JSON_WORDS = {"None": "null", "True": "true", "False": "false"}
_PYTHON_WORD = re.compile(rf"(?<!')\b({'|'.join(_JSON_WORDS)})\b(?!')")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# One thread: large bodies are inflated step by step, in turn, and parsed one after the other, however many there are.
_large_bodies = ThreadPoolExecutor(1, thread_name_prefix="large-bodies")

Body = TypeVar("Body")


async def load_json(request: Request, limit: int) -> Any:
    """Read the body and return it parsed; what came of it, also an error, is kept for all that handle the request.

    Args:
        request: its body is read once.
        limit: most bytes, compressed or not.

    Raises:
        UnsupportedBody: the content type is not JSON, or the content encoding is unknown.
        BodyTooLarge: more bytes than the limit, whether declared or found while reading.
        Overloaded: there is no memory left for the body.
        MalformedBody: not JSON, see `parse_json`.
        TooManyItems: more values than are parsed.
    """
    scope = request.scope
    if PARSED not in scope:
        try:
            _check_type(scope)
            scope[PARSED] = await parse_json(await read(request, limit))
        except DomainError as error:
            scope[PARSED] = error.with_traceback(None)  # which would keep the bytes
    loaded = scope[PARSED]
    if isinstance(loaded, DomainError):
        raise loaded
    return loaded


async def read(request: Request, limit: int) -> bytes:
    """The whole body, inflated.

    Raises:
        UnsupportedBody: the content encoding is unknown.
        BodyTooLarge: more bytes than the limit, whether declared or found while reading.
        Overloaded: there is no memory left for it.
        MalformedBody: it is not compressed as it says.
        ClientDisconnect: the client left.
    """
    content = {name: value for name, value in request.scope["headers"] if name.startswith(b"content-")}
    declared = content.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    encoding = content.get(b"content-encoding")
    inflate = inflater(encoding.decode("latin-1")) if encoding else None
    pieces: list[bytes] = []
    received, size, more = 0, 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        received += len(part)
        if received > limit:  # of compressed bytes as many as one likes inflate to nothing
            raise _too_large(limit)
        steps = inflate.feed(part) if inflate else iter((part,))
        piece = next(steps, None)
        while piece is not None:
            size += len(piece)
            _check_size(size, limit, request.scope)
            pieces.append(piece)
            ends = inflate is None or len(piece) < FIRST_STEP_BYTES
            piece = next(steps, None) if ends else await _beside(next, steps, None)
        more = message.get("more_body", False)
    if inflate:
        inflate.end()
    return b"".join(pieces)


async def parse_json(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8; a byte order mark before it is ignored.

    Raises:
        MalformedBody: not JSON, nested more than 200 deep, or what two parsers would read differently: duplicate keys,
            NaN, lone surrogates. `loc` names the string value in which the error lies, if it lies in one.
        TooManyItems: over `LIMITS`.
    """
    if len(raw) <= INLINE_BYTES:
        return _parse(raw)
    return await _beside(_parse_large, raw)


def validated(body: Any, model: TypeAdapter[Body]) -> Body:
    """A parsed body as what the route declares.

    Raises:
        TooManyItems: it has too many fields, or one of its lists or objects too many items.
        InvalidInput: it does not fit; the error names the first place.
    """
    # An error for each unknown field would take long to collect.
    if isinstance(body, dict) and len(body) > MOST_FIELDS:
        raise TooManyItems(f"The body has {len(body)} fields, more than the limit of {MOST_FIELDS}.")
    try:
        return model.validate_python(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    loc = tuple(shortened(str(part)) for part in first["loc"] if not _OF_A_UNION.fullmatch(str(part)))
    param = ".".join(loc)
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "int_parsing_size":  # pydantic takes the number for a string
        reason = "Input should be an integer of 64 bits"
    elif first["type"] in ("literal_error", "none_required"):
        reason = _PYTHON_WORD.sub(lambda found: _JSON_WORDS[found[0]], reason)
    elif first["type"] == "model_type":  # pydantic names a class of ours
        reason = "Input should be a JSON object" if param else NOT_AN_OBJECT
    elif first["type"] == "extra_forbidden" and len(loc) == 1 and (fields := _fields(model)):
        reason += f": the fields are {fields}"
    kind = TooManyItems if first["type"] == "too_long" else InvalidInput
    raise kind(f"{param}: {reason}" if param else reason, loc=loc)


@cache
def _fields(model: TypeAdapter[Any]) -> str:
    return ", ".join(model.json_schema().get("properties", ()))


async def _beside(work: Callable[..., Any], *arguments: Any) -> Any:
    """What work on a large body returns, done beside the event loop when its turn comes."""
    return await asyncio.get_running_loop().run_in_executor(_large_bodies, work, *arguments)


def _parse_large(raw: bytes) -> Any:
    if over := exceeded(raw, LIMITS):
        message = f"The body has more than {over}, the most this service accepts."
        raise TooManyItems(message, fields=_field_names(raw))
    return _parse(raw)


def _parse(raw: bytes) -> Any:
    raw = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        message, loc = describe(raw, str(error))
    # Raised out here it does not keep the parser's error, whose traceback would keep the body.
    raise MalformedBody(message, loc=loc, fields=_field_names(raw))


def _field_names(raw: bytes) -> frozenset[str]:
    """Names near the beginning or the end of a body that are followed by a colon, as those of fields are."""
    ends = raw[:_FIELDS_WITHIN], raw[max(_FIELDS_WITHIN, len(raw) - _FIELDS_WITHIN) :]
    return frozenset(name.decode() for part in ends for name in _FIELD.findall(part))


def _check_size(size: int, limit: int, scope: Scope) -> None:
    if size > limit:
        raise _too_large(limit)
    if size > FREE_BYTES and (charge := charge_of(scope)):
        charge.body(size)


def _check_type(scope: Scope) -> None:
    given = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    # What nearly everybody sends, without the cost of a parser; a body that says nothing of itself is taken for JSON.
    if given in (b"", b"application/json"):
        return
    message = Message()
    message["content-type"] = given.decode("latin-1")
    subtype = message.get_content_subtype()
    if message.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise UnsupportedBody("Send the body as JSON, with the header Content-Type: application/json.")


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body has more than {limit} bytes, the most this service accepts.")
