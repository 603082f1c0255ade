"""How much a JSON text holds, counted in its bytes before anything is built from them.

A parser keeps the interpreter's lock until it is done: for some megabytes of keys a second. These counts are operations
of numpy on one chunk after the other, which release it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_CHUNK_BYTES = 256 * 1024  # together with the flags below it stays in the processor's cache
_QUOTE, _BACKSLASH, _COMMA, _COLON = b'"\\,:'
_BRACE = ord("{")
_CASE = 0x20  # the bit by which `[` differs from `{`

_Bytes = NDArray[np.uint8]
_Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Limits:
    """Most that a text may hold.

    Attributes:
        containers: objects and lists.
        keys: of all objects together.
        values: of all objects and lists together, containers among them.
    """

    containers: int
    keys: int
    values: int


@dataclass(slots=True)
class Counts:
    """Characters of structure. Of a text that is not JSON they are as many as a parser could get to see.

    Attributes:
        opening: `{` and `[`.
        colons: one for each key.
        commas: between values.
    """

    opening: int = 0
    colons: int = 0
    commas: int = 0

    def exceeded(self, limits: Limits) -> str | None:
        """Which limit the text is over, as a sentence can name it; none if it is over none."""
        if self.opening > limits.containers:
            return f"{limits.containers} objects and lists"
        if self.colons > limits.keys:
            return f"{limits.keys} keys"
        # A container that is not empty has one value more than commas.
        if 1 + self.opening + self.commas > limits.values:
            return f"{limits.values} values"
        return None


def exceeded(raw: bytes, limits: Limits) -> str | None:
    """As `Counts.exceeded`, of a whole text. The scan ends where the answer is known."""
    whole = np.frombuffer(raw, np.uint8)
    chunks = [whole[start : start + _CHUNK_BYTES] for start in range(0, whole.size, _CHUNK_BYTES)]
    # Most texts are below all limits if their strings are counted as well, which is three times as fast.
    if _with_strings(chunks).exceeded(limits) is None:
        return None
    scan = StructureScan()
    for chunk in chunks:
        scan.feed(chunk)
        if over := scan.counts.exceeded(limits):
            return over
    return None


class StructureScan:
    """Counts outside of strings, chunk by chunk; a string or an escape may begin in one chunk and end in another.

    Attributes:
        counts: of all chunks so far.
    """

    def __init__(self) -> None:
        self.counts = Counts()
        self._in_string = False
        self._escaped = False

    def feed(self, chunk: _Bytes) -> None:
        """Count a chunk, uint8 `[bytes]`, at least one."""
        quotes = self._unescaped_quotes(chunk)
        marks = chunk[quotes | (chunk == _COMMA) | (chunk == _COLON) | _opening(chunk)]
        if not marks.size:
            return
        in_string = np.logical_xor.accumulate(marks == _QUOTE) ^ self._in_string
        self._in_string = bool(in_string[-1])
        _add(self.counts, marks[~in_string])

    def _unescaped_quotes(self, chunk: _Bytes) -> _Flags:
        """Where strings begin and end, bool `[bytes]`."""
        quotes, backslashes = chunk == _QUOTE, chunk == _BACKSLASH
        if self._escaped:
            quotes[0] = backslashes[0] = False
        after_backslash = np.flatnonzero(quotes[1:] & backslashes[:-1]) + 1
        self._escaped = False
        if after_backslash.size or backslashes[-1]:
            # Of backslashes in a row each odd one escapes what follows.
            others = np.concatenate(([-1], np.flatnonzero(~backslashes)))
            in_a_row = after_backslash - others[np.searchsorted(others, after_backslash) - 1] - 1
            quotes[after_backslash[in_a_row % 2 == 1]] = False
            self._escaped = bool((chunk.size - 1 - others[-1]) % 2)
        return np.asarray(quotes)


def _with_strings(chunks: list[_Bytes]) -> Counts:
    counts = Counts()
    for chunk in chunks:
        _add(counts, chunk)
    return counts


def _add(counts: Counts, found: _Bytes) -> None:
    counts.opening += int(np.count_nonzero(_opening(found)))
    counts.colons += int(np.count_nonzero(found == _COLON))
    counts.commas += int(np.count_nonzero(found == _COMMA))


def _opening(chunk: _Bytes) -> _Flags:
    return np.asarray((chunk | _CASE) == _BRACE)
