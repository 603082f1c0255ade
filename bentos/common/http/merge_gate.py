"""Where calls of a BentoML API wait until BentoML may merge them.

BentoML's dispatcher computes what it has merged whatever becomes of the callers, and an error fails all of them. So
no more is let into it than its next batch takes; the others wait here, where a caller that leaves is forgotten.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from bentoml.exceptions import BentoMLException

MERGED_ITEMS = 64
"""Most items of a batch of several calls. The engine makes batches of its own, so larger ones gain nothing."""
_ALL_LEFT = "All callers have left."


class FailedBatch(BentoMLException):
    """An error on its way through BentoML, which masks it; `Call.error` has it."""


@dataclass(eq=False, slots=True)
class Call:
    """One caller's call.

    Attributes:
        items: how many it has.
        admitted: done once BentoML may have it.
        alone: whether it was merged with no other.
        error: that its batch failed with.
    """

    items: int
    admitted: asyncio.Future[None]
    alone: bool = True
    error: Exception | None = None


@dataclass(eq=False, slots=True)
class _Batch:
    calls: set[Call]
    task: "asyncio.Task[object] | None" = field(default_factory=asyncio.current_task)
    abandoned: bool = False


class MergeGate:
    """Lets calls into BentoML's dispatcher, in their order, while it computes no batch.

    Args:
        merged_items: most items of several calls that may be merged.
    """

    def __init__(self, merged_items: int = MERGED_ITEMS) -> None:
        self._merged_items = merged_items
        self._waiting: deque[Call] = deque()
        self._entered: set[Call] = set()  # let in, and not in a batch yet
        self._batch: _Batch | None = None

    @asynccontextmanager
    async def enter(self, items: int, *, alone: bool = False) -> AsyncIterator[Call]:
        """A block in which a call may be handed to BentoML. A batch is given up once the blocks of all its calls ended.

        Args:
            items: number of texts or pairs.
            alone: whether no other call may be merged with it.
        """
        call = Call(max(items, self._merged_items) if alone else items, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        self._admit()
        try:
            await call.admitted
            yield call
        finally:
            if call in self._waiting:
                self._waiting.remove(call)
            self._entered.discard(call)
            self._leave_batch(call)
            self._admit()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """A block that computes what BentoML has merged: all calls that have been let in.

        Raises:
            FailedBatch: the block failed, or nobody waits for it any more.
        """
        calls, self._entered = self._entered, set()
        if not calls:
            raise FailedBatch(_ALL_LEFT)
        self._batch = batch = _Batch(calls)
        for call in batch.calls:
            call.alone = len(batch.calls) == 1
        try:
            yield
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
            self._batch = None
            self._admit()

    def _leave_batch(self, call: Call) -> None:
        batch = self._batch
        if batch and call in batch.calls:
            batch.calls.remove(call)
            if not batch.calls and batch.task:
                batch.abandoned = True
                batch.task.cancel()

    def _admit(self) -> None:
        while self._waiting and self._batch is None:
            items = sum(call.items for call in self._entered)
            if self._entered and items + self._waiting[0].items > self._merged_items:
                return
            call = self._waiting.popleft()
            if not call.admitted.done():
                self._entered.add(call)
                call.admitted.set_result(None)
