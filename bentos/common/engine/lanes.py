"""Which items make the next micro-batch: two lanes, each kept by age and by length."""

from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable

from bentos.common.engine.work import Item, Job, Lane

BatchTokens = Callable[[int, int, int], int]
"""Tokens that a micro-batch costs, from its number of rows, its longest row and the sum of its rows' lengths."""


class MicroBatch:
    """Items that will be computed in one call of the backend.

    Args:
        first: the item it is built around; it is in the batch however long it is.
        budget: most tokens the batch may cost, padding included, once it has a second item.
        padding: most of these tokens that may be padding.
        cost: the backend's `batch_tokens`.
    """

    def __init__(self, first: Item, *, budget: int, padding: float, cost: BatchTokens) -> None:
        self.items = [first]
        self.longest = first.length
        self.total = first.length
        self._cost = cost
        # A first item over the budget may be joined by what costs nothing more.
        self._budget = max(budget, self.tokens)
        self._padding = padding

    @property
    def tokens(self) -> int:
        """Tokens it costs, padding included."""
        return self._cost(len(self.items), self.longest, self.total)

    def affords(self, item: Item) -> bool:
        """Whether the batch stays within the budget with this item; then it does with any shorter one."""
        return self._tokens_with(item) <= self._budget

    def fits(self, item: Item) -> bool:
        """Whether the item may join with little padding."""
        return self.affords(item) and self._tokens_with(item) - self.total - item.length <= self._padding

    def saves(self, item: Item) -> bool:
        """Whether the item costs no more in this batch than in one of its own."""
        return self._tokens_with(item) <= self.tokens + self._cost(1, item.length, item.length)

    def _tokens_with(self, item: Item) -> int:
        return self._cost(len(self.items) + 1, max(self.longest, item.length), self.total + item.length)

    def add(self, item: Item) -> None:
        """Let an item join that fits."""
        self.items.append(item)
        self.longest = max(self.longest, item.length)
        self.total += item.length


class _LaneQueue:
    """The waiting items of one lane."""

    def __init__(self) -> None:
        self._by_age: deque[Item] = deque()
        self._by_length: list[Item] = []

    def add(self, item: Item) -> None:
        self._by_age.append(item)
        insort(self._by_length, item, key=_length)

    def oldest(self) -> Item | None:
        while self._by_age and self._by_age[0].taken:
            self._by_age.popleft()
        return self._by_age[0] if self._by_age else None

    def remove(self, item: Item) -> None:
        del self._by_length[self._position(item)]
        item.taken = True

    def fill(self, batch: MicroBatch) -> None:
        """Move the batch's first item into it, then its nearest neighbours in length, then what fits the rest best."""
        waiting = self._by_length
        start = self._position(batch.items[0])
        stop = start + 1
        while True:
            shorter = waiting[start - 1] if start > 0 and batch.fits(waiting[start - 1]) else None
            longer = waiting[stop] if stop < len(waiting) and batch.fits(waiting[stop]) else None
            if shorter and (not longer or batch.longest - shorter.length <= longer.length - batch.longest):
                batch.add(shorter)
                start -= 1
            elif longer:
                batch.add(longer)
                stop += 1
            else:
                break
        del waiting[start:stop]
        self._top_up(batch)
        for item in batch.items:
            item.taken = True

    def _top_up(self, batch: MicroBatch) -> None:
        """Add the longest item that the budget still affords, again and again; a padding backend has none to gain."""
        while longest := bisect_right(self._by_length, False, key=lambda item: not batch.affords(item)):
            if not batch.saves(self._by_length[longest - 1]):
                break
            batch.add(self._by_length.pop(longest - 1))

    def _position(self, item: Item) -> int:
        return self._by_length.index(item, bisect_left(self._by_length, item.length, key=_length))


def _length(item: Item) -> int:
    return item.length


class Lanes:
    """Chooses the next micro-batch.

    Each is built around the oldest item of its lane, so no length can be starved, and filled with the items nearest
    to it in length. The interactive lane goes first, but after `burst` interactive micro-batches in a row that bulk
    work had to watch, bulk gets one.

    Args:
        cost: the backend's `batch_tokens`.
        max_padding: padding that a micro-batch may contain, as a fraction of the budget.
        burst: interactive micro-batches in a row while bulk work waits.
    """

    def __init__(self, *, cost: BatchTokens, max_padding: float, burst: int) -> None:
        self._queues = {lane: _LaneQueue() for lane in Lane}
        self._cost = cost
        self._max_padding = max_padding
        self._burst = burst
        self._passed_over = 0

    def add(self, job: Job) -> None:
        """Queue all items of a job."""
        for item in job.items:
            self._queues[job.lane].add(item)

    def discard(self, job: Job) -> None:
        """Take out the items of a job that still wait."""
        for item in job.items:
            if not item.taken:
                self._queues[job.lane].remove(item)

    def next_batch(self, budget: int) -> MicroBatch | None:
        """Take out the next micro-batch of at most `budget` tokens (or of one item); none if nothing waits."""
        interactive = self._queues[Lane.INTERACTIVE].oldest()
        bulk = self._queues[Lane.BULK].oldest()
        if bulk and (not interactive or self._passed_over >= self._burst):
            first, self._passed_over = bulk, 0
        elif interactive:
            first, self._passed_over = interactive, self._passed_over + 1 if bulk else 0
        else:
            return None
        batch = MicroBatch(first, budget=budget, padding=self._max_padding * budget, cost=self._cost)
        self._queues[first.job.lane].fill(batch)
        return batch
