"""Which items make the next micro-batch: two lanes, interactive before bulk."""

from collections.abc import Sequence
from dataclasses import dataclass

from bentos.common.backends.interface import Layout
from bentos.common.engine.job import Item, Job, LaneQueue
from bentos.common.work_options import Lane


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """Items that will be computed in one call of the backend.

    Attributes:
        items: at least one, all of one lane.
        tokens: what the call costs, padding included.
        total: tokens of the items, padding not included.
        lane: where the items waited.
    """

    items: Sequence[Item]
    tokens: int
    total: int
    lane: Lane


class Scheduler:
    """Chooses the next micro-batch.

    Each is built around the oldest item of its lane, so no length can be starved, and filled with items that go well
    with it. The interactive lane goes first, but after `burst` interactive micro-batches in a row that bulk work had
    to watch, bulk gets one.

    Args:
        layout: of the backend.
        burst: interactive micro-batches in a row while bulk work waits.

    Attributes:
        waiting: items of both lanes.
    """

    def __init__(self, layout: Layout, burst: int) -> None:
        self._interactive, self._bulk = LaneQueue(), LaneQueue()
        self._waiting = {Lane.INTERACTIVE: self._interactive, Lane.BULK: self._bulk}
        self._layout = layout
        self._burst = burst
        self._passed_over = 0
        self.waiting = 0

    def add(self, job: Job) -> None:
        """Queue all items of a job."""
        self._waiting[job.lane].add(job.items)
        self.waiting += len(job.items)

    def discard(self, job: Job) -> None:
        """Take out the items of a job that still wait."""
        items = [item for item in job.items if not item.taken]
        self._waiting[job.lane].take(items)
        self.waiting -= len(items)

    def next_batch(self, budget: int) -> MicroBatch | None:
        """Take out the next micro-batch of at most `budget` tokens (or of one item); none if nothing waits."""
        interactive, bulk = self._interactive.by_length, self._bulk.by_length
        if bulk and (not interactive or self._passed_over >= self._burst):
            self._passed_over = 0
            return self._next(self._bulk, budget)
        if interactive:
            self._passed_over = self._passed_over + 1 if bulk else 0
            return self._next(self._interactive, budget)
        return None

    def next_reserved(self, budget: int) -> MicroBatch | None:
        """Take out the next interactive micro-batch, if it costs at most `budget` tokens."""
        waiting = self._interactive
        if not waiting.by_length or self._layout.tokens([waiting.oldest().length]) > budget:
            return None
        return self._next(waiting, budget)

    def _next(self, waiting: LaneQueue, budget: int) -> MicroBatch:
        if len(waiting.by_length) == 1:
            items = [*waiting.by_length]
        else:
            items = self._layout.select(waiting.oldest(), waiting, budget)
        waiting.take(items)
        self.waiting -= len(items)
        return micro_batch(items, self._layout)


def micro_batch(items: Sequence[Item], layout: Layout) -> MicroBatch:
    """These items, which wait no longer."""
    lengths = [item.length for item in items]
    return MicroBatch(items, layout.tokens(lengths), sum(lengths), items[0].job.lane)
