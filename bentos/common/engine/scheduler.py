"""Which items make the next micro-batch: two lanes, interactive before bulk."""

from bentos.common.engine.batching import BatchPolicy, MicroBatch
from bentos.common.engine.job import Job, LaneQueue
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
        self._interactive, self._bulk = LaneQueue(), LaneQueue()
        self._waiting = {Lane.INTERACTIVE: self._interactive, Lane.BULK: self._bulk}
        self._policy = policy
        self._burst = burst
        self._passed_over = 0

    def add(self, job: Job) -> None:
        """Queue all items of a job."""
        self._waiting[job.lane].add(job.items)

    def discard(self, job: Job) -> None:
        """Take out the items of a job that still wait."""
        self._waiting[job.lane].take([item for item in job.items if not item.taken])

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
        if not waiting.by_length or self._policy.tokens([waiting.oldest().length]) > budget:
            return None
        return self._next(waiting, budget)

    def _next(self, waiting: LaneQueue, budget: int) -> MicroBatch:
        if len(waiting.by_length) == 1:
            items = [*waiting.by_length]
        else:
            items = self._policy.select(waiting.oldest(), waiting, budget)
        waiting.take(items)
        return MicroBatch(items, self._policy.tokens([item.length for item in items]))
