"""Rows padded to the longest of their micro-batch."""

from collections.abc import Sequence

from bentos.common.backends.interface import Backend, Layout, Queue, Row


def layout_of(backend: Backend, max_padding: float) -> Layout:
    """How a backend lays out rows.

    Args:
        backend: says how, unless it pads them.
        max_padding: padding that a micro-batch may contain where rows are padded, as a fraction of the budget.
    """
    return backend.layout or PaddedRows(max_padding)


class PaddedRows:
    """Rows are padded to the longest, so neighbours in length go together.

    Args:
        max_padding: padding that a micro-batch may contain, as a fraction of the budget.
    """

    def __init__(self, max_padding: float) -> None:
        self._max_padding = max_padding

    def tokens(self, lengths: Sequence[int]) -> int:
        """See `Layout.tokens`."""
        return len(lengths) * max(lengths)

    def select(self, first: Row, waiting: Queue[Row], budget: int) -> list[Row]:
        """Grow from the first row to both sides of the sorted lane, always to the nearer length."""
        rows = waiting.by_length
        start = waiting.position(first)
        stop = start + 1
        total = first.length
        while True:
            longest = rows[stop - 1].length
            shorter = rows[start - 1].length if start > 0 else None
            longer = rows[stop].length if stop < len(rows) else None
            if shorter is not None and not self._fits(stop - start + 1, longest, total + shorter, budget):
                shorter = None
            if longer is not None and not self._fits(stop - start + 1, longer, total + longer, budget):
                longer = None
            if shorter is not None and (longer is None or longest - shorter <= longer - longest):
                start, total = start - 1, total + shorter
            elif longer is not None:
                stop, total = stop + 1, total + longer
            else:
                return [*rows[start:stop]]

    def _fits(self, count: int, longest: int, total: int, budget: int) -> bool:
        tokens = count * longest
        return tokens <= budget and tokens - total <= self._max_padding * budget
