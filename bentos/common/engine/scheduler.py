"""Which items make the next micro-batch: two lanes, interactive before bulk."""

from bentos.common.engine.batching import BatchPolicy, MicroBatch
from bentos.common.engine.job import Item, Job
from bentos.common.engine.queue import LaneQueue
from bentos.common.work_options import Lane


class Scheduler:
    """Chooses the next micro-batch.

    Each is built around the oldest item of its lane, so no length can be starved, and filled with items that go well
    with it. The interactive lane goes first, but after `burst` interactive micro-batches in a row that bulk work had
    to watch, bulk gets one.

    Args:
        policy: of the backend.
        burst: interactive micro-batches in a row while bulk work waits.
    """

    def __init__(self, policy: BatchPolicy, burst: int) -> None:
        self._waiting = {lane: LaneQueue() for lane in Lane}
        self._policy = policy
        self._burst = burst
        self._passed_over = 0

    def add(self, job: Job) -> None:
        """Queue all items of a job."""
        for item in job.items:
            self._waiting[job.lane].add(item)

    def discard(self, job: Job) -> None:
        """Take out the items of a job that still wait."""
        for item in job.items:
            if not item.taken:
                self._waiting[job.lane].take(item)

    def next_batch(self, budget: int) -> MicroBatch | None:
        """Take out the next micro-batch of at most `budget` tokens (or of one item); none if nothing waits."""
        interactive = self._waiting[Lane.INTERACTIVE].oldest()
        bulk = self._waiting[Lane.BULK].oldest()
        if bulk and (not interactive or self._passed_over >= self._burst):
            self._passed_over = 0
            return self._around(bulk, budget)
        if interactive:
            self._passed_over = self._passed_over + 1 if bulk else 0
            return self._around(interactive, budget)
        return None

    def next_reserved(self, budget: int) -> MicroBatch | None:
        """Take out the next interactive micro-batch, if it costs at most `budget` tokens."""
        first = self._waiting[Lane.INTERACTIVE].oldest()
        if first is None or self._policy.tokens([first.length]) > budget:
            return None
        return self._around(first, budget)

    def _around(self, first: Item, budget: int) -> MicroBatch:
        waiting = self._waiting[first.job.lane]
        items = self._policy.select(first, waiting, budget)
        for item in items:
            waiting.take(item)
        return MicroBatch(items, self._policy.tokens([item.length for item in items]))
