"""Rows one after the other instead of padded: which go well together, and the inputs of a packed graph.

All sequences of a micro-batch lie in a row of T tokens, and a token attends to its own sequence only. So lengths may
be mixed freely, and the graph has one dynamic dimension.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bentos.common.backends.interface import Pooling, Queue, Row, TokenRow

CHUNK_TOKENS = 256
"""Linear layers are saturated from here on, and attention over a packed row costs its square."""
# bf16 dot products add neighbours in pairs: a text that always starts at an even place gives the same vector to the
# last bit, alone and among any others.
_ALIGNMENT = 2
# Up to so many tokens, a packed row has a multiple of so many. A length is a shape, which takes time and memory for
# kernels of its own, so there are few where the filler is little beside the tokens.
_STEPS = ((64, 2), (128, 4), (CHUNK_TOKENS, 16))
# The same above a chunk, where a text is alone.
_LONG_STEP = 32
# One number of rows for all chunks, so that the number of tokens alone makes the shape.
_CHUNK_ROWS = 64
_FILLER = -1
_KEY_FILLER = -2
# Keys, values and pooled states are filled up to a multiple of this in the graph: sums over them are then added in the
# same order, whatever the length of the row.
_KEY_MULTIPLE = 16
_CANDIDATES = 64
_CANDIDATE_BUDGETS = 2

Inputs: TypeAlias = dict[str, NDArray[np.int32] | NDArray[np.float32]]


def padded_length(tokens: int) -> int:
    """Length of the packed row that takes this many tokens."""
    step = next((step for most, step in _STEPS if tokens <= most), None)
    # Above, eight steps between a power of two and the next: a long window has few shapes, and at most 12 % filler.
    return tokens + -tokens % (step or max(_LONG_STEP, 1 << (tokens - 1).bit_length() - 4))


class PackedRows:
    """Rows lie one after the other and only the end is padded, so what matters is that the sum comes out even.

    The oldest rows that fit are taken. If the end would be padded and others wait, one of these may take the place of
    one of them, the one that leaves least empty.

    Args:
        alignment: rows start at multiples of this, and take as many tokens.
        padded_length: of the packed row that takes so many tokens.
    """

    def __init__(self, *, alignment: int = _ALIGNMENT, padded_length: Callable[[int], int] = padded_length) -> None:
        self._alignment = alignment
        self._padded_length = padded_length

    def tokens(self, lengths: Sequence[int]) -> int:
        """See `Layout.tokens`."""
        return self._padded_length(sum(map(self._aligned, lengths)))

    def select(self, first: Row, waiting: Queue[Row], budget: int) -> list[Row]:
        """The oldest rows that fit, or with one of them exchanged."""
        total = self._aligned(first.length)
        limit = max(budget, self._padded_length(total))
        chosen, left = [first], []
        for row in self._candidates(first, waiting, limit):
            if total + self._aligned(row.length) <= limit:
                chosen.append(row)
                total += self._aligned(row.length)
            else:
                left.append(row)
        if left and self._padded_length(total) > total:
            self._exchange_one(chosen, left, total, limit)
        return chosen

    def _exchange_one(self, chosen: list[Row], left: list[Row], total: int, limit: int) -> None:
        """Exchange one row but the first for one of those left, if that leaves less of the packed row empty."""
        oldest = {self._aligned(row.length): row for row in reversed(left)}
        best, place, joining = self._fullness(total), 0, chosen[0]
        for index, row in enumerate(chosen[1:], 1):
            others = total - self._aligned(row.length)
            for length, other in oldest.items():
                if others + length <= limit and (fullness := self._fullness(others + length)) > best:
                    best, place, joining = fullness, index, other
            if best[0] == 1:
                break
        chosen[place] = joining

    def _aligned(self, length: int) -> int:
        return _aligned(length, self._alignment)

    def _fullness(self, total: int) -> tuple[float, int]:
        return total / self._padded_length(total), total

    def _candidates(self, first: Row, waiting: Queue[Row], limit: int) -> Iterator[Row]:
        """The oldest rows besides the first: `_CANDIDATES`, or more if these are so short that they might all fit."""
        others = (row for row in waiting.by_age() if row is not first)
        tokens = 0
        for row in islice(others, _CANDIDATES):
            tokens += row.length
            yield row
        while tokens < _CANDIDATE_BUDGETS * limit and (more := next(others, None)):
            tokens += more.length
            yield more


def chunks(rows: Sequence[TokenRow]) -> Iterator[Sequence[TokenRow]]:
    """Consecutive parts of the rows that fit a chunk, or hold one longer row and what fits into its filling."""
    start, tokens = 0, 0
    for index, row in enumerate(rows):
        aligned_length = _aligned(len(row.ids))
        most = max(CHUNK_TOKENS, padded_length(tokens))
        if index > start and (tokens + aligned_length > most or index - start == _CHUNK_ROWS):
            yield rows[start:index]
            start, tokens = index, 0
        tokens += aligned_length
    yield rows[start:]


def pack(rows: Sequence[TokenRow], pooling: Pooling, *, uses_types: bool) -> Inputs:
    """Inputs of the graph for a chunk of rows.

    Args:
        rows: at most 64.
        pooling: over a sequence's tokens: their mean, the first or the last token.
        uses_types: whether the graph takes segments.

    Returns:
        int32 `[1, T]` each, where `segments` is the number of the row and -1 where there is none; `key_segments`, the
        same up to a multiple of 16, K, with -2 beyond T; `pool`, float32 `[64, K]`: the weights of a row's tokens, 0
        for all others.
    """
    lengths = np.array([len(row.ids) for row in rows])
    aligned_lengths = lengths + -lengths % _ALIGNMENT
    starts = np.cumsum(aligned_lengths) - aligned_lengths
    tokens = padded_length(int(aligned_lengths.sum()))
    numbers = np.repeat(np.arange(len(rows)), lengths)
    within = np.arange(len(numbers)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = starts[numbers] + within
    keys = tokens + -tokens % _KEY_MULTIPLE
    segments = _scattered(numbers, places, tokens, _FILLER)
    inputs: Inputs = {
        "input_ids": _scattered(np.concatenate([row.ids for row in rows]), places, tokens, 0),
        "position_ids": _scattered(within, places, tokens, 0),
        "segments": segments,
        "key_segments": np.pad(segments, ((0, 0), (0, keys - tokens)), constant_values=_KEY_FILLER),
    }
    if uses_types:
        inputs["token_type_ids"] = _scattered(np.concatenate([row.type_ids for row in rows]), places, tokens, 0)
    pool = np.zeros((_CHUNK_ROWS, keys), np.float32)
    if pooling == "first":
        pool[np.arange(len(rows)), starts] = 1.0
    elif pooling == "last":
        pool[np.arange(len(rows)), starts + lengths - 1] = 1.0
    else:
        pool[numbers, places] = 1.0 / lengths[numbers]
    return {**inputs, "pool": pool}


def groups(lengths: Sequence[int], most: int) -> Iterator[slice]:
    """Consecutive parts that together are no longer than `most`, or hold one longer thing.

    Args:
        lengths: of rows or texts, at least one.
        most: tokens, characters or whatever the lengths count.
    """
    start, total = 0, 0
    for index, length in enumerate(lengths):
        if index > start and total + length > most:
            yield slice(start, index)
            start, total = index, 0
        total += length
    yield slice(start, len(lengths))


def _aligned(length: int, alignment: int = _ALIGNMENT) -> int:
    return length + -length % alignment


def _scattered(values: NDArray[Any], places: NDArray[Any], tokens: int, filler: int) -> NDArray[np.int32]:
    row = np.full((1, tokens), filler, np.int32)
    row[0, places] = values
    return row
