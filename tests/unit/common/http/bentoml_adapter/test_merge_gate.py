"""Calls are let in in their order, as many as may be merged, and are forgotten when they leave."""

import asyncio
from contextlib import suppress

import pytest

from bentos.common.http.bentoml_adapter.merge_gate import Call, FailedBatch, MergeGate
from bentos.common.work_options import Lane

pytestmark = pytest.mark.anyio

INTERACTIVE, BULK = Lane.INTERACTIVE, Lane.BULK


class Caller:
    """A call that has come to the gate, and stays until it is told to leave."""

    def __init__(self, gate: MergeGate, items: int, lane: Lane = INTERACTIVE, *, alone: bool = False) -> None:
        self.call = Call(items, tokens=10 * items, lane=lane, alone=alone)
        self.inside = False
        self._task = asyncio.create_task(self._stay(gate))

    async def leave(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _stay(self, gate: MergeGate) -> None:
        async with gate.enter(self.call):
            self.inside = True
            await asyncio.Event().wait()


async def inside(*callers: Caller) -> list[bool]:
    """Who has been let in, once all that can happen has happened."""
    for _ in range(10):
        await asyncio.sleep(0)
    return [caller.inside for caller in callers]


async def test_as_many_are_let_in_as_may_be_merged_and_the_others_while_nothing_is_computed() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, items) for items in (4, 6, 1, 30, 2)]
    assert await inside(*callers) == [True, True, False, False, False]
    with gate.batch(10):
        assert await inside(*callers) == [True, True, False, False, False]
    assert await inside(*callers) == [True, True, True, False, False]
    with gate.batch(1):
        pass
    assert await inside(*callers) == [True, True, True, True, False]
    assert [caller.call.alone for caller in callers] == [False, False, True, False, False]


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
    with gate.batch(1):
        pass
    assert await inside(*callers) == [True, True, False]


async def test_a_batch_is_given_up_when_the_last_of_its_callers_leaves() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 1), Caller(gate, 1)]
    await inside(*callers)
    computing = asyncio.Event()

    async def compute() -> None:
        with gate.batch(2):
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
    with pytest.raises(FailedBatch), gate.batch(1):
        raise AssertionError("computed")


async def test_all_calls_of_a_batch_learn_why_it_failed() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 1), Caller(gate, 1)]
    await inside(*callers)
    with pytest.raises(FailedBatch), gate.batch(2):
        raise ValueError("a fault")
    assert [str(caller.call.error) for caller in callers] == ["a fault", "a fault"]


async def test_interactive_calls_do_not_wait_for_bulk_ones_and_are_not_merged_with_them() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 3, BULK), Caller(gate, 3, BULK), Caller(gate, 5, BULK), Caller(gate, 1)]
    assert await inside(*callers) == [True, True, False, False]
    with gate.batch(6) as bulk:
        assert await inside(*callers) == [True, True, False, True]
        with gate.batch(1) as interactive:
            assert (bulk.lane, interactive.lane) == (BULK, INTERACTIVE)
            assert interactive.calls == {callers[3].call}
            assert await inside(*callers) == [True, True, False, True]
    assert await inside(*callers) == [True] * 2 + [True, True]


async def test_interactive_calls_enter_first_when_both_could() -> None:
    gate = MergeGate(merged_items=10)
    first, bulk, interactive = Caller(gate, 10), Caller(gate, 10, BULK), Caller(gate, 10)
    assert await inside(first, bulk, interactive) == [True, False, False]
    await first.leave()
    assert await inside(bulk, interactive) == [False, True]
    with gate.batch(10):
        assert await inside(bulk) == [True]


async def test_a_call_that_just_missed_a_batch_is_in_the_next() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 2), Caller(gate, 2)]
    await inside(*callers)
    with gate.batch(2) as first, gate.batch(2) as second:
        assert (first.calls, second.calls) == ({callers[0].call}, {callers[1].call})


async def test_tokens_before_a_call_are_those_of_its_lane_and_of_more_urgent_ones() -> None:
    gate = MergeGate(merged_items=10)
    callers = [Caller(gate, 10), Caller(gate, 2), Caller(gate, 4, BULK)]
    await inside(*callers)
    assert (gate.tokens_before(INTERACTIVE), gate.tokens_before(BULK)) == (120, 160)
    with gate.batch(10):
        assert (gate.tokens_before(INTERACTIVE), gate.tokens_before(BULK)) == (20, 60)
    await callers[1].leave()
    assert gate.tokens_before(INTERACTIVE) == 0


async def test_a_batch_has_until_the_last_of_its_deadlines() -> None:
    gate = MergeGate(merged_items=10)
    calls = [Call(1, deadline=5.0), Call(1, deadline=7.0), Call(1)]
    async with gate.enter(calls[0]), gate.enter(calls[1]):
        with gate.batch(2) as batch:
            assert batch.deadline == 7.0
    async with gate.enter(calls[2]):
        with gate.batch(1) as batch:
            assert batch.deadline is None
