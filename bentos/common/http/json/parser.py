"""JSON to Python objects: nothing ambiguous, and nothing that would take a parser long."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jiter

from bentos.common.errors import MalformedBody, TooManyItems
from bentos.common.http.json.errors import describe
from bentos.common.http.json.structure import Limits, exceeded

INLINE_BYTES = 64 * 1024
"""A text of more bytes is parsed beside the event loop; others take at most some 2 ms."""
LIMITS = Limits(containers=100_000, keys=100_000, values=500_000)
"""What a text may hold that is parsed beside the event loop, as the parser keeps the interpreter's lock."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# One thread: large texts are parsed one after the other, however many arrive at once.
_large_texts = ThreadPoolExecutor(1, thread_name_prefix="large-bodies")


async def parse_json(raw: bytes) -> Any:
    """The value of a JSON text in UTF-8; a byte order mark before it is ignored.

    Raises:
        MalformedBody: not JSON, nested more than 200 deep, or what two parsers would read differently: duplicate keys,
            NaN, lone surrogates. `loc` names the string value in which the error lies, if it lies in one.
        TooManyItems: over `LIMITS`.
    """
    if len(raw) <= INLINE_BYTES:
        return _parse(raw)
    return await asyncio.get_running_loop().run_in_executor(_large_texts, _parse_large, raw)


def _parse_large(raw: bytes) -> Any:
    if over := exceeded(raw, LIMITS):
        raise TooManyItems(f"The body has more than {over}, the most this service accepts.")
    return _parse(raw)


def _parse(raw: bytes) -> Any:
    raw = raw.removeprefix(_BYTE_ORDER_MARK)
    try:
        return jiter.from_json(raw, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        message, loc = describe(raw, str(error))
    # Raised out here it does not keep the parser's error, whose traceback would keep the body.
    raise MalformedBody(message, loc=loc)
