"""Where calls of a BentoML API wait until BentoML may merge them.

BentoML's dispatcher computes what it has merged whatever becomes of the callers, and an error fails all of them. So
no more is let into it than its next batch takes; the others wait here, where a caller that leaves is forgotten. There
is a batch of each lane at a time, so interactive calls do not wait for bulk ones.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from bentoml.exceptions import BentoMLException

from bentos.common.observability.usage import Usage, usage
from bentos.common.work_options import Lane, WorkOptions

MERGED_ITEMS = 64
"""Most items of a batch of several calls. The engine makes batches of its own, so larger ones gain nothing."""
_ALL_LEFT = "All callers have left."


class FailedBatch(BentoMLException):
    """An error on its way through BentoML, which masks it; `Call.error` has it."""


@dataclass(eq=False, slots=True)
class Call:
    """One caller's call.

    Attributes:
        items: how many texts or pairs it has.
        tokens: how many they have, estimated.
        lane: in which it waits; only calls of one lane are merged.
        deadline: event loop time, in seconds, at which its caller stops waiting, if it says so.
        alone: whether it may be merged with no other; then, whether it was not.
        error: that its batch failed with.
        used_tokens: its share of what its batch took, by the estimate.
        truncated: those items of its batch that lost tokens; none where nothing was said.
        admitted: done once BentoML may have it.
    """

    items: int
    tokens: int = 0
    lane: Lane = Lane.INTERACTIVE
    deadline: float | None = None
    alone: bool = False
    error: Exception | None = None
    used_tokens: int = 0
    truncated: frozenset[Hashable] = frozenset()
    admitted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


@dataclass(eq=False, slots=True)
class Batch:
    """Calls that are computed together.

    Attributes:
        calls: whose callers have not left.
        lane: of all of them.
        deadline: the latest of theirs; none if one has none.
    """

    calls: set[Call]
    lane: Lane
    deadline: float | None = None
    task: "asyncio.Task[object] | None" = field(default_factory=asyncio.current_task)
    abandoned: bool = False

    def __post_init__(self) -> None:
        deadlines = [call.deadline for call in self.calls if call.deadline is not None]
        self.deadline = max(deadlines) if len(deadlines) == len(self.calls) else None

    @property
    def options(self) -> WorkOptions:
        """Of the work for all calls."""
        return WorkOptions(self.lane, self.deadline)

    def name_truncated(self, items: Iterable[Hashable]) -> None:
        """Tell all calls which items lost tokens: by themselves, as BentoML says nothing of the calls' order."""
        lost = frozenset(items)
        for call in self.calls:
            call.truncated = lost


class MergeGate:
    """Lets calls into BentoML's dispatcher while it computes no batch of their lane: in their order, interactive first.

    Args:
        merged_items: most items of several calls that may be merged.
    """

    def __init__(self, merged_items: int = MERGED_ITEMS) -> None:
        self._merged_items = merged_items
        self._waiting: dict[Lane, deque[Call]] = {lane: deque() for lane in Lane}
        self._entered: deque[Call] = deque()  # let in, and not in a batch yet: all of one lane
        self._batches: list[Batch] = []

    def tokens_before(self, lane: Lane) -> int:
        """Tokens of the calls here that go before one of this lane that came now; those in a batch not included."""
        lanes = [Lane.INTERACTIVE] if lane is Lane.INTERACTIVE else list(Lane)
        waiting = sum(call.tokens for each in lanes for call in self._waiting[each])
        return waiting + sum(call.tokens for call in self._entered if call.lane in lanes)

    @asynccontextmanager
    async def enter(self, call: Call) -> AsyncIterator[None]:
        """A block in which a call may be handed to BentoML. A batch is given up once all its calls have left theirs."""
        self._waiting[call.lane].append(call)
        self._admit()
        try:
            await call.admitted
            yield
        finally:
            for calls in (self._waiting[call.lane], self._entered):
                if call in calls:
                    calls.remove(call)
            self._leave_batch(call)
            self._admit()

    @contextmanager
    def batch(self, items: int) -> Iterator[Batch]:
        """A block that computes what BentoML has merged: the calls that were let in first.

        Args:
            items: number of texts or pairs in all of them.

        Raises:
            FailedBatch: the block failed, or nobody waits for it any more.
        """
        calls: set[Call] = set()
        while self._entered and (not calls or sum(call.items for call in calls) + self._entered[0].items <= items):
            calls.add(self._entered.popleft())
        if not calls:
            raise FailedBatch(_ALL_LEFT)
        batch = Batch(calls, next(iter(calls)).lane)
        self._batches.append(batch)
        for call in calls:
            call.alone = len(calls) == 1
        self._admit()
        # BentoML computes a batch in the context of any request.
        used = Usage()
        usage.set(used)
        try:
            yield batch
            _share(used.tokens, calls)
        except asyncio.CancelledError:
            if not batch.abandoned:
                raise
            if batch.task:
                batch.task.uncancel()
            raise FailedBatch(_ALL_LEFT) from None
        except Exception as error:
            for call in batch.calls:
                call.error = error
            raise FailedBatch(str(error)) from error
        finally:
            self._batches.remove(batch)
            self._admit()

    def _leave_batch(self, call: Call) -> None:
        for batch in self._batches:
            if call in batch.calls:
                batch.calls.remove(call)
                if not batch.calls and batch.task:
                    batch.abandoned = True
                    batch.task.cancel()

    def _admit(self) -> None:
        computed = {batch.lane for batch in self._batches}
        for lane, waiting in self._waiting.items():
            while waiting and lane not in computed and self._fits(waiting[0]):
                call = waiting.popleft()
                if not call.admitted.done():
                    self._entered.append(call)
                    call.admitted.set_result(None)

    def _fits(self, call: Call) -> bool:
        """Whether a call may be merged with all that have been let in."""
        if not self._entered:
            return True
        if call.alone or any(entered.alone or entered.lane is not call.lane for entered in self._entered):
            return False
        return sum(entered.items for entered in self._entered) + call.items <= self._merged_items


def _share(tokens: int, calls: set[Call]) -> None:
    estimated = sum(call.tokens for call in calls)
    for call in calls:
        call.used_tokens = round(tokens * (call.tokens / estimated if estimated else 1 / len(calls)))
