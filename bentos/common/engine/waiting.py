"""The waiting items of one lane, by age and by length."""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator

from bentos.common.engine.work import Item


class Waiting:
    """A queue whose items can be taken from anywhere.

    Attributes:
        by_length: all items, shortest first.
    """

    def __init__(self) -> None:
        self.by_length: list[Item] = []
        self._by_age: deque[Item] = deque()

    def add(self, item: Item) -> None:
        """Queue an item behind all others."""
        self._by_age.append(item)
        insort(self.by_length, item, key=_length)

    def take(self, item: Item) -> None:
        """Take a waiting item out."""
        del self.by_length[self.position(item)]
        item.taken = True

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
        return self.by_length.index(item, bisect_left(self.by_length, item.length, key=_length))


def _length(item: Item) -> int:
    return item.length
