"""What to say of a body that the parser refuses. It is looked into only then: a body without fault pays nothing."""

import re
from typing import Any

import jiter

from bentos.common.errors import Location, shortened

_IN_A_STRING = re.compile(r"(escape|unicode|control character)[^\"]* at line (\d+) column (\d+)$")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_ESCAPE_BYTES = 6
_PAIR_BYTES = 2 * _ESCAPE_BYTES  # `\ud83e\udda9`
_PERHAPS_CUT = bytes(range(0x80, 0x100)) + rb"\u0123456789abcdefABCDEF"
_MARK = "\x7ferror"
_CHUNK_BYTES = 64 * 1024


def describe(raw: bytes, reason: str) -> tuple[str, Location]:
    """The error as a sentence, and the location of the string value in which it lies; an empty one if it lies in none.

    Args:
        raw: the body.
        reason: jiter's words.
    """
    if not raw.strip():
        return "The body is empty; send JSON.", ()
    message = f"The body is not valid JSON: {shortened(reason, 200)}."
    found = _IN_A_STRING.search(reason[-120:])  # before the last words may be a key of any length
    if found is None:
        return message, ()
    offset = _offset(raw, int(found[2]), int(found[3]))
    loc = _string_at(raw[:offset])
    if found[1] == "escape" and (surrogate := _surrogate(raw, offset)):
        subject = f"{'.'.join(loc)}: the text" if loc else "The body"
        message = f"{subject} has a lone surrogate ({surrogate})."
    return message, loc


def _offset(raw: bytes, line: int, column: int) -> int:
    """Bytes before the one at which the parser stopped."""
    start, left = 0, line - 1
    # There may be millions of lines: all but the last chunk's are counted, not looked for.
    while (breaks := raw.count(b"\n", start, start + _CHUNK_BYTES)) < left:
        start, left = start + _CHUNK_BYTES, left - breaks
    for _ in range(left):
        start = raw.index(b"\n", start) + 1
    return start + column - 1


def _surrogate(raw: bytes, offset: int) -> str | None:
    """The escape of half a character at which the parser stopped."""
    last = raw.rfind(b"\\u", 0, offset)
    if last < 0 or offset - last >= _PAIR_BYTES:
        return None
    # After the first half of a pair the parser reads what should be the second.
    found = _SURROGATE.match(raw, last) or _SURROGATE.match(raw, max(last - _ESCAPE_BYTES, 0))
    return found and found[0].decode()


def _string_at(before: bytes) -> tuple[str, ...]:
    """Location of the string value in which a JSON text has been cut off; an empty one if that is elsewhere."""
    try:
        value: Any = jiter.from_json(
            before.rstrip(_PERHAPS_CUT) + _MARK.encode(), allow_inf_nan=False, partial_mode="trailing-strings"
        )
    except ValueError:
        return ()
    path: list[str] = []
    while isinstance(value, dict | list) and value:
        key, value = next(reversed(value.items())) if isinstance(value, dict) else (len(value) - 1, value[-1])
        path.append(shortened(str(key)))
    inside = isinstance(value, str) and value.endswith(_MARK)
    return tuple(path) if inside else ()
