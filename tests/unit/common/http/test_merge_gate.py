"""Calls are let in in their order, as many as may be merged, and are forgotten when they leave."""

import asyncio
from contextlib import suppress

import pytest

from bentos.common.http.merge_gate import Call, FailedBatch, MergeGate

pytestmark = pytest.mark.anyio


class Caller:
    """A call that has come to the gate, and stays until it is told to leave."""

    def __init__(self, gate: MergeGate, items: int, *, alone: bool = False) -> None:
        self.call: Call | None = None
        self._task = asyncio.create_task(self._stay(gate, items, alone))

    async def leave(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _stay(self, gate: MergeGate, items: int, alone: bool) -> None:
        async with gate.enter(items, alone=alone) as self.call:
            await asyncio.Event().wait()


async def inside(*callers: Caller) -> list[bool]:
    """Who has been let in, once all that can happen has happened."""
    for _ in range(10):
        await asyncio.sleep(0)
    return [caller.call is not None for caller in callers]


async def test_as_many_are_let_in_as_may_be_merged_and_the_others_while_nothing_is_computed() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, items) for items in (4, 6, 1, 30, 2)]
    assert await inside(*callers) == [True, True, False, False, False]
    with gate.batch():
        assert await inside(*callers) == [True, True, False, False, False]
    assert await inside(*callers) == [True, True, True, False, False]
    with gate.batch():
        pass
    assert await inside(*callers) == [True, True, True, True, False]
    assert [caller.call.alone for caller in callers if caller.call] == [False, False, True, True]


async def test_a_call_that_leaves_makes_room_whether_it_waited_or_was_inside() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 10) for _ in range(3)]
    assert await inside(*callers) == [True, False, False]
    await callers[1].leave()
    await callers[0].leave()
    assert await inside(callers[2]) == [True]


async def test_a_call_that_wants_to_be_alone_is_merged_with_no_other() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 1), Caller(gate, 1, alone=True), Caller(gate, 1)]
    assert await inside(*callers) == [True, False, False]
    with gate.batch():
        pass
    assert await inside(*callers) == [True, True, False]


async def test_a_batch_is_given_up_when_the_last_of_its_callers_leaves() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 1), Caller(gate, 1)]
    await inside(*callers)
    computing = asyncio.Event()

    async def compute() -> None:
        with gate.batch():
            computing.set()
            await asyncio.Event().wait()

    batch = asyncio.create_task(compute())
    await computing.wait()
    await callers[0].leave()
    assert not batch.done()
    await callers[1].leave()
    with pytest.raises(FailedBatch):
        await batch


async def test_what_bentoml_still_holds_of_callers_that_have_left_is_not_computed() -> None:
    gate = MergeGate(merged_items=10)
    caller = Caller(gate, 1)
    await inside(caller)
    await caller.leave()
    with pytest.raises(FailedBatch), gate.batch():
        raise AssertionError("computed")


async def test_all_calls_of_a_batch_learn_why_it_failed() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 1), Caller(gate, 1)]
    await inside(*callers)
    with pytest.raises(FailedBatch), gate.batch():
        raise ValueError("a fault")
    assert [str(caller.call.error) for caller in callers if caller.call] == ["a fault", "a fault"]
