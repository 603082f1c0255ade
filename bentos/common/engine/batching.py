"""Which waiting items join a micro-batch: near lengths where rows are padded, exact sums where they are packed."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

from bentos.common.backends.interface import Backend, Packing
from bentos.common.engine.job import Item, LaneQueue

_CANDIDATES = 64
_CANDIDATE_BUDGETS = 2
_NEARLY_FULL = 0.75


class MicroBatch:
    """Items that will be computed in one call of the backend.

    Args:
        items: at least one, all of one lane.
        tokens: what the call costs, padding included.

    Attributes:
        total: tokens of the items, padding not included.
        lane: where the items waited.
    """

    __slots__ = ("items", "lane", "tokens", "total")

    def __init__(self, items: Sequence[Item], tokens: int) -> None:
        self.items = items
        self.tokens = tokens
        self.total = sum(item.length for item in items)
        self.lane = items[0].job.lane


class BatchPolicy(Protocol):
    """How a backend lays out rows, and which of them go well together."""

    def tokens(self, lengths: Sequence[int]) -> int:
        """What a micro-batch of rows of these lengths costs, padding included."""

    def select(self, first: Item, waiting: LaneQueue, budget: int) -> list[Item]:
        """The first item and those that join it, still waiting.

        Args:
            first: in the micro-batch however long it is.
            waiting: the lane, the first item included.
            budget: most tokens the micro-batch may cost once it has a second item. Over it, a long first item may
                still be joined by what costs nothing more.
        """


def policy_of(backend: Backend, max_padding: float) -> BatchPolicy:
    """What suits a backend.

    Args:
        backend: says whether it packs.
        max_padding: padding that a micro-batch may contain where rows are padded, as a fraction of the budget.
    """
    return PackedPolicy(backend.packing) if backend.packing else PaddedPolicy(max_padding)


class PaddedPolicy:
    """Rows are padded to the longest, so neighbours in length go together.

    Args:
        max_padding: padding that a micro-batch may contain, as a fraction of the budget.
    """

    def __init__(self, max_padding: float) -> None:
        self._max_padding = max_padding

    def tokens(self, lengths: Sequence[int]) -> int:
        """See `BatchPolicy.tokens`."""
        return len(lengths) * max(lengths)

    def select(self, first: Item, waiting: LaneQueue, budget: int) -> list[Item]:
        """Grow from the first item to both sides of the sorted lane, always to the nearer length."""
        items = waiting.by_length
        start = waiting.position(first)
        stop = start + 1
        total = first.length
        while True:
            longest = items[stop - 1].length
            shorter = items[start - 1].length if start > 0 else None
            longer = items[stop].length if stop < len(items) else None
            if shorter is not None and not self._fits(stop - start + 1, longest, total + shorter, budget):
                shorter = None
            if longer is not None and not self._fits(stop - start + 1, longer, total + longer, budget):
                longer = None
            if shorter is not None and (longer is None or longest - shorter <= longer - longest):
                start, total = start - 1, total + shorter
            elif longer is not None:
                stop, total = stop + 1, total + longer
            else:
                return items[start:stop]

    def _fits(self, count: int, longest: int, total: int, budget: int) -> bool:
        tokens = count * longest
        return tokens <= budget and tokens - total <= self._max_padding * budget


class PackedPolicy:
    """Rows lie one after the other and only the end is padded, so what matters is that the sum comes out even.

    Among the oldest items, the subset is searched whose sum wastes least (subset sum, by dynamic programming over the
    reachable sums). Time is at most proportional to the number of candidates and to the budget.

    Args:
        packing: of the backend.
    """

    def __init__(self, packing: Packing) -> None:
        self._packing = packing

    def tokens(self, lengths: Sequence[int]) -> int:
        """See `BatchPolicy.tokens`."""
        return self._packing.padded_length(sum(map(self._aligned, lengths)))

    def select(self, first: Item, waiting: LaneQueue, budget: int) -> list[Item]:
        """The fullest sum of aligned lengths among those that come near the largest possible one."""
        base = self._aligned(first.length)
        limit = max(budget, self._packing.padded_length(base))
        joining = list(self._candidates(first, waiting, limit))
        aligned_lengths = [self._aligned(item.length) for item in joining]
        if base + sum(aligned_lengths) <= limit:
            return [first, *joining]
        last = _reachable_sums(base, aligned_lengths, limit)
        enough = _NEARLY_FULL * max(last)
        best = max((total for total in last if total >= enough), key=self._fullness)
        chosen = [first]
        while (index := last[best]) is not None:
            chosen.append(joining[index])
            best -= aligned_lengths[index]
        return chosen

    def _aligned(self, length: int) -> int:
        return length + -length % self._packing.alignment

    def _fullness(self, total: int) -> tuple[float, int]:
        return total / self._packing.padded_length(total), total

    def _candidates(self, first: Item, waiting: LaneQueue, limit: int) -> Iterator[Item]:
        """The oldest items besides the first: `_CANDIDATES`, or more if these are so short that they might all fit."""
        others = (item for item in waiting.by_age() if item is not first)
        tokens = 0
        for item in islice(others, _CANDIDATES):
            tokens += item.length
            yield item
        while tokens < _CANDIDATE_BUDGETS * limit and (more := next(others, None)):
            tokens += more.length
            yield more


def _reachable_sums(base: int, aligned_lengths: Sequence[int], limit: int) -> dict[int, int | None]:
    """All sums up to `limit` of `base` and some of the lengths, each with the last one in it; None for `base` alone."""
    last: dict[int, int | None] = {base: None}
    reached = 1 << base  # bit s stands for the sum s
    mask = (1 << limit + 1) - 1
    for index, aligned_length in enumerate(aligned_lengths):
        new = (reached << aligned_length) & mask & ~reached
        reached |= new
        while new:
            lowest = new & -new
            last[lowest.bit_length() - 1] = index
            new ^= lowest
    return last
