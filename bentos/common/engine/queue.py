"""The waiting items of one lane, by age and by length."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from itertools import count

from bentos.common.engine.job import Item


class LaneQueue:
    """A queue whose items can be taken from anywhere.

    Attributes:
        by_length: all items, shortest first, and the oldest first of equal ones.
    """

    def __init__(self) -> None:
        self.by_length: list[Item] = []
        self._by_age: deque[Item] = deque()
        self._arrivals = count()

    def add(self, item: Item) -> None:
        """Queue an item behind all others."""
        item.arrival = next(self._arrivals)
        self._by_age.append(item)
        insort(self.by_length, item, key=_place)

    def take(self, item: Item) -> None:
        """Take a waiting item out."""
        del self.by_length[self.position(item)]
        item.taken = True
        item.job.tokens_waiting -= item.length

    def oldest(self) -> Item | None:
        """The item that has waited longest; none if nothing waits."""
        while self._by_age and self._by_age[0].taken:
            self._by_age.popleft()
        return self._by_age[0] if self._by_age else None

    def by_age(self) -> Iterator[Item]:
        """All items, oldest first."""
        return (item for item in self._by_age if not item.taken)

    def position(self, item: Item) -> int:
        """Where a waiting item stands in `by_length`."""
        return bisect_left(self.by_length, _place(item), key=_place)


def _place(item: Item) -> tuple[int, int]:
    return item.length, item.arrival
