"""Micro-batch formation, against its promises."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.common.backends.padding import PaddedRows
from bentos.common.engine.job import Item, Job
from bentos.common.engine.scheduler import Scheduler
from bentos.common.work_options import Lane
from tests.unit.common.engine.fake_backend import row

lengths = st.lists(st.integers(1, 512), min_size=1, max_size=12)
jobs = st.lists(st.tuples(st.sampled_from(Lane), lengths), min_size=1, max_size=15)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def make_lanes(burst: int = 4, max_padding: float = 0.05) -> Scheduler:
    return Scheduler(PaddedRows(max_padding), burst)


def make_job(loop: asyncio.AbstractEventLoop, lane: Lane, lengths: list[int]) -> Job:
    return Job(
        [row(length) for length in lengths],
        lane,
        width=2,
        admitted_at=0.0,
        deadline=300.0,
        future=loop.create_future(),
    )


def drain(lanes: Scheduler, budget: int) -> list[list[Item]]:
    batches = []
    while batch := lanes.next_batch(budget):
        batches.append(list(batch.items))
    return batches


@given(jobs=jobs, budget=st.integers(1, 2048))
def test_every_item_is_in_exactly_one_batch(
    loop: asyncio.AbstractEventLoop, jobs: list[tuple[Lane, list[int]]], budget: int
) -> None:
    lanes = make_lanes()
    made = [make_job(loop, lane, lengths) for lane, lengths in jobs]
    for job in made:
        lanes.add(job)
    taken = [item for batch in drain(lanes, budget) for item in batch]
    assert sorted(map(id, taken)) == sorted(id(item) for job in made for item in job.items)


@given(jobs=jobs, budget=st.integers(1, 2048))
def test_no_batch_exceeds_the_budget_or_the_padding_unless_it_is_one_item(
    loop: asyncio.AbstractEventLoop, jobs: list[tuple[Lane, list[int]]], budget: int
) -> None:
    lanes = make_lanes()
    for lane, lengths in jobs:
        lanes.add(make_job(loop, lane, lengths))
    for batch in drain(lanes, budget):
        lengths = [item.length for item in batch]
        padded = len(lengths) * max(lengths)
        assert len(batch) == 1 or (padded <= budget and padded - sum(lengths) <= 0.05 * budget)
        assert len({item.job.lane for item in batch}) == 1


@given(jobs=jobs, budget=st.integers(1, 2048), burst=st.integers(1, 5))
def test_waiting_bulk_work_watches_at_most_a_burst_of_interactive_batches(
    loop: asyncio.AbstractEventLoop, jobs: list[tuple[Lane, list[int]]], budget: int, burst: int
) -> None:
    lanes = make_lanes(burst)
    bulk_waiting = 0
    for lane, lengths in jobs:
        lanes.add(make_job(loop, lane, lengths))
        bulk_waiting += len(lengths) * (lane is Lane.BULK)
    watched = 0
    for batch in drain(lanes, budget):
        if batch[0].job.lane is Lane.BULK:
            watched, bulk_waiting = 0, bulk_waiting - len(batch)
        elif bulk_waiting:
            watched += 1
        assert watched <= burst


@given(arrivals=st.lists(lengths, min_size=1, max_size=20), budget=st.integers(1, 1024))
def test_each_batch_contains_the_oldest_item_however_long_it_is(
    loop: asyncio.AbstractEventLoop, arrivals: list[list[int]], budget: int
) -> None:
    """So that no length waits for ever while others keep coming: one batch is taken after each arrival."""
    lanes = make_lanes()
    waiting: list[Item] = []
    for arrived in arrivals:
        job = make_job(loop, Lane.INTERACTIVE, arrived)
        lanes.add(job)
        waiting += job.items
        batch = lanes.next_batch(budget)
        assert batch is not None
        assert waiting[0] in batch.items
        waiting = [item for item in waiting if item not in batch.items]


@given(jobs=jobs, data=st.data())
def test_discarded_jobs_leave_and_the_others_stay(
    loop: asyncio.AbstractEventLoop, jobs: list[tuple[Lane, list[int]]], data: st.DataObject
) -> None:
    lanes = make_lanes()
    made = [make_job(loop, lane, lengths) for lane, lengths in jobs]
    for job in made:
        lanes.add(job)
    first = lanes.next_batch(256)
    dropped = data.draw(st.sets(st.sampled_from(made)))
    for job in dropped:
        lanes.discard(job)
    assert first is not None
    left = {id(item) for batch in drain(lanes, 256) for item in batch}
    expected = {id(i) for job in made if job not in dropped for i in job.items if i not in first.items}
    assert left == expected


def test_the_reserved_stream_takes_interactive_work_within_the_budget_only(loop: asyncio.AbstractEventLoop) -> None:
    lanes = make_lanes()
    lanes.add(make_job(loop, Lane.BULK, [10]))
    assert lanes.next_reserved(64) is None
    lanes.add(make_job(loop, Lane.INTERACTIVE, [65, 10]))
    assert lanes.next_reserved(64) is None
    batch = lanes.next_reserved(128)
    assert batch is not None
    assert [item.length for item in batch.items] == [65]
