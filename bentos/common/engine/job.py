"""A request's work inside the engine: one job, of one item per token row, and the queue in which items wait."""

import asyncio
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.errors import DomainError
from bentos.common.observability import tracing
from bentos.common.work_options import Lane


class Job:
    """All rows of one request. It is answered once: with every row's output, or with the first error.

    Args:
        rows: at least one row.
        lane: where its items wait.
        width: numbers per output row.
        admitted_at: `time.monotonic()` of its admission, in seconds.
        deadline: event loop time, in seconds, at which its caller stops waiting.
        future: gets the outputs, float32 `[len(rows), width]`, or a `DomainError`.

    Attributes:
        tokens: of all its rows.
        tokens_waiting: of those that are in no micro-batch yet.
    """

    def __init__(
        self,
        rows: Sequence[TokenRow],
        lane: Lane,
        *,
        width: int,
        admitted_at: float,
        deadline: float,
        future: "asyncio.Future[Outputs]",
    ) -> None:
        self.lane = lane
        self.admitted_at = admitted_at
        self.deadline = deadline
        self.items = [Item(self, index, row) for index, row in enumerate(rows)]
        self.tokens = sum(item.length for item in self.items)
        self.tokens_waiting = self.tokens
        self._future = future
        self._outputs = np.empty((len(rows), width), np.float32)
        self._missing = len(rows)
        self.trace = tracing.current_trace() if tracing.tracer else None

    @property
    def done(self) -> bool:
        """Answered, failed, cancelled or expired: what is left of it need not be computed."""
        return self._future.done()

    def answer(self, index: int, output: Outputs) -> None:
        """Keep the output of one item, float32 `[width]`; the last one completes the job."""
        self._outputs[index] = output
        self._missing -= 1
        if not self._missing and not self.done:
            self._future.set_result(self._outputs)

    def fail(self, error: DomainError) -> None:
        """Fail the whole job, unless it is done already."""
        if not self.done:
            self._future.set_exception(error)


@dataclass(slots=True, eq=False)
class Item:
    """One row of a job.

    Attributes:
        length: tokens, special tokens included.
        arrival: number in its lane, in the order of arrival.
        taken: it has left its lane, into a micro-batch or because its job was dropped.
    """

    job: Job
    index: int
    row: TokenRow
    length: int = field(init=False)
    arrival: int = 0
    taken: bool = False

    def __post_init__(self) -> None:
        self.length = len(self.row.ids)


class LaneQueue:
    """A queue whose items can be taken from anywhere.

    Attributes:
        by_length: all items, shortest first, and the oldest first of equal ones.
    """

    def __init__(self) -> None:
        self.by_length: list[Item] = []
        self._by_age: deque[Item] = deque()
        self._arrivals = count()

    def add(self, items: Iterable[Item]) -> None:
        """Queue items behind all others."""
        for item in items:
            item.arrival = next(self._arrivals)
            self._by_age.append(item)
            insort(self.by_length, item, key=_sort_key)

    def take(self, items: Iterable[Item]) -> None:
        """Take waiting items out."""
        for item in items:
            del self.by_length[self.position(item)]
            item.taken = True
            item.job.tokens_waiting -= item.length
        while self._by_age and self._by_age[0].taken:
            self._by_age.popleft()

    def oldest(self) -> Item:
        """The item that has waited longest.

        Raises:
            IndexError: nothing waits.
        """
        return self._by_age[0]

    def by_age(self) -> Iterator[Item]:
        """All items, oldest first."""
        return (item for item in self._by_age if not item.taken)

    def position(self, item: Item) -> int:
        """Where a waiting item stands in `by_length`."""
        return bisect_left(self.by_length, _sort_key(item), key=_sort_key)


def _sort_key(item: Item) -> tuple[int, int]:
    return item.length, item.arrival
