"""The engine over a backend that can be told to be slow: what is computed, in which order, and what is refused."""

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.common.engine.engine import Engine
from bentos.common.errors import DeadlineExceeded, InferenceFailed, NotReady, Overloaded, TooManyTokens
from bentos.common.work_options import Lane, WorkOptions
from tests.unit.common.engine.fake_backend import FakeBackend, row
from tests.unit.common.engine.parts import BULK, INTERACTIVE, POISON, Gate, make_engine, refuse_poison, settle

pytestmark = pytest.mark.anyio


requests = st.lists(
    st.tuples(
        st.sampled_from(Lane),
        st.lists(st.tuples(st.integers(1, 300), st.sampled_from([7, 8, 9, POISON])), min_size=1, max_size=10),
        st.sampled_from(["wait", "wait", "cancel", "expire"]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(requests=requests, streams=st.integers(1, 3))
def test_every_request_is_answered_once_in_order_or_fails_with_a_named_error(
    requests: list[tuple[Lane, list[tuple[int, int]], str]], streams: int
) -> None:
    async def one(engine: Engine, lane: Lane, items: list[tuple[int, int]], ending: str) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() if ending == "expire" else None
        task = asyncio.create_task(
            engine.run([row(length, mark) for length, mark in items], WorkOptions(lane, deadline))
        )
        await asyncio.sleep(0)
        if ending == "cancel":
            task.cancel()
        poisoned = [index for index, (_, mark) in enumerate(items) if mark == POISON]
        [result] = await asyncio.gather(task, return_exceptions=True)
        match result:
            case InferenceFailed():
                assert result.item in poisoned
            case DeadlineExceeded():
                assert ending == "expire"
            case asyncio.CancelledError():
                assert ending == "cancel"
            case np.ndarray():
                assert not poisoned
                assert result.tolist() == [[mark, length] for length, mark in items]
            case _:
                pytest.fail(f"unexpected {result!r}")

    async def scenario() -> None:
        engine = make_engine(FakeBackend(refuse_poison), streams=streams, min_batch_tokens=256)
        try:
            await asyncio.gather(*(one(engine, *request) for request in requests))
            await settle(engine)
            assert engine.queued_tokens == 0
        finally:
            engine.close()

    asyncio.run(scenario())


async def test_a_lone_request_on_an_idle_engine_starts_at_once() -> None:
    backend = FakeBackend()
    engine = make_engine(backend)
    task = asyncio.create_task(engine.run([row(5)], INTERACTIVE))
    await asyncio.sleep(0)
    assert not engine._dispatcher._free
    await task
    engine.close()


async def test_requests_share_micro_batches() -> None:
    gate = Gate()
    backend = FakeBackend(gate)
    engine = make_engine(backend, min_batch_tokens=256)
    first = asyncio.create_task(engine.run([row(5)], INTERACTIVE))
    await gate.arrival()
    others = [asyncio.create_task(engine.run([row(20, mark)], INTERACTIVE)) for mark in range(1, 6)]
    await asyncio.sleep(0)
    gate.open()
    await first
    assert [(await task).tolist() for task in others] == [[[mark, 20]] for mark in range(1, 6)]
    assert backend.batches == [[5], [20] * 5]
    engine.close()


async def test_streams_micro_batches_run_at_a_time_on_threads_of_their_own() -> None:
    gate = Gate()
    backend = FakeBackend(gate)
    engine = make_engine(backend, streams=3, min_batch_tokens=1)
    tasks = [asyncio.create_task(engine.run([row(5)], INTERACTIVE)) for _ in range(5)]
    for _ in range(3):
        await gate.arrival()
    await asyncio.sleep(0)
    assert len(backend.threads) == 3
    assert len(backend.batches) == 3
    gate.open()
    await asyncio.gather(*tasks)
    engine.close()


async def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    gate = Gate()
    engine = make_engine(FakeBackend(gate), queue_tokens=1024)
    held = [asyncio.create_task(engine.run([row(512)] * 2, BULK))]
    await gate.arrival()
    with pytest.raises(Overloaded) as refused:
        await engine.run([row(10)], INTERACTIVE)
    assert 1 <= refused.value.retry_after <= 60
    gate.open()
    await asyncio.gather(*held)
    assert (await engine.run([row(10)], INTERACTIVE)).shape == (1, 2)
    engine.close()


async def test_a_request_larger_than_the_whole_queue_is_served() -> None:
    engine = make_engine(FakeBackend(), queue_tokens=1024)
    assert (await engine.run([row(512)] * 20, BULK)).shape == (20, 2)
    engine.close()


async def test_work_that_can_no_longer_meet_its_deadline_is_dropped_before_it_is_computed() -> None:
    gate = Gate()
    backend = FakeBackend(gate)
    engine = make_engine(backend, min_batch_tokens=64)
    first = asyncio.create_task(engine.run([row(5)], INTERACTIVE))
    await gate.arrival()
    now = asyncio.get_running_loop().time()
    late = asyncio.create_task(engine.run([row(100)], WorkOptions(Lane.INTERACTIVE, now + 20)))
    in_time = asyncio.create_task(engine.run([row(7)], WorkOptions(Lane.INTERACTIVE, now + 20)))
    await asyncio.sleep(0)
    engine._throughput.observe(10, 10.0)  # a token takes about a second now: 100 are too many, 7 are not
    gate.open()
    with pytest.raises(DeadlineExceeded):
        await late
    assert asyncio.get_running_loop().time() < now + 20, "it failed before its deadline"
    assert (await in_time).tolist() == [[5, 7]]
    await first
    await settle(engine)
    assert backend.batches == [[5], [7]]
    assert engine.queued_tokens == 0
    assert engine._dispatcher._metrics.registry.get_sample_value("duobento_dropped_items_total") == 1
    engine.close()


async def test_work_too_large_for_the_time_that_it_may_take_is_refused_with_what_would_fit() -> None:
    engine = make_engine(FakeBackend(), request_timeout=10)
    engine._throughput.observe(100, 1.0)
    with pytest.raises(TooManyTokens, match="at most 1000 within the 10 seconds"):
        await engine.run([row(512)] * 4)
    with pytest.raises(TooManyTokens, match=r"at most [45]\d\d within the [45]"):
        await engine.run([row(512)], WorkOptions(deadline=asyncio.get_running_loop().time() + 5))
    assert (await engine.run([row(490)] * 2)).shape == (2, 2)
    engine.close()


async def test_a_request_goes_to_bulk_by_the_time_that_it_takes() -> None:
    engine = make_engine(FakeBackend(), bulk_above_seconds=2.0, max_interactive_wait_seconds=4.0)
    engine._throughput.observe(100, 1.0)
    assert engine.lane_of(199, texts=2) is Lane.INTERACTIVE
    assert engine.lane_of(201, texts=2) is Lane.BULK
    assert engine.lane_of(399, texts=1) is Lane.INTERACTIVE
    assert engine.lane_of(401, texts=1) is Lane.BULK
    engine.close()


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
async def test_work_nobody_waits_for_is_dropped_before_it_is_computed(ending: str) -> None:
    gate = Gate()
    backend = FakeBackend(gate)
    engine = make_engine(backend)
    first = asyncio.create_task(engine.run([row(5)], INTERACTIVE))
    await gate.arrival()
    deadline = asyncio.get_running_loop().time() + 0.2 if ending == "expired" else None
    dropped = asyncio.create_task(engine.run([row(7)] * 3, WorkOptions(Lane.INTERACTIVE, deadline)))
    await asyncio.sleep(0)
    if ending == "cancelled":
        dropped.cancel()
    with pytest.raises((asyncio.CancelledError, DeadlineExceeded)):
        await dropped
    assert engine.queued_tokens == 5
    gate.open()
    await first
    await settle(engine)
    assert backend.batches == [[5]]
    assert engine._dispatcher._metrics.registry.get_sample_value("duobento_dropped_items_total") == 3
    engine.close()


async def test_abandoned_work_fails_and_no_more_is_admitted() -> None:
    gate = Gate()
    engine = make_engine(FakeBackend(gate))
    admitted = [asyncio.create_task(engine.run([row(5)] * 3, WorkOptions(lane))) for lane in Lane]
    await gate.arrival()
    engine.abandon()
    for job in (*admitted, engine.run([row(5)], INTERACTIVE)):
        with pytest.raises(NotReady):
            await job
    gate.open()
    await settle(engine)
    assert engine.queued_tokens == 0
    engine.close()
