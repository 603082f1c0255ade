"""What joins a micro-batch, where rows are padded and where they are packed."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.common.backends.interface import Layout
from bentos.common.backends.packing import PackedRows
from bentos.common.backends.padding import PaddedRows
from bentos.common.engine.job import Job, LaneQueue
from bentos.common.work_options import Lane
from tests.unit.common.engine.fake_backend import row


def aligned(length: int) -> int:
    return length + length % 2


def fullness(lengths: list[int]) -> float:
    return sum(map(aligned, lengths)) / PACKED.tokens(lengths)


PACKED = PackedRows()
PADDED = PaddedRows(0.05)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def chosen(layout: Layout, lengths: list[int], budget: int, loop: asyncio.AbstractEventLoop) -> list[int]:
    """Lengths of the micro-batch that is built around the first of these."""
    waiting = LaneQueue()
    job = Job(
        [row(length) for length in lengths],
        Lane.BULK,
        width=2,
        admitted_at=0,
        deadline=300,
        future=loop.create_future(),
    )
    waiting.add(job.items)
    items = layout.select(job.items[0], waiting, budget)
    assert len({item.index for item in items}) == len(items)
    return [item.length for item in items]


def test_padded_rows_join_their_neighbours_in_length(loop: asyncio.AbstractEventLoop) -> None:
    assert sorted(chosen(PADDED, [100, 10, 99, 11, 101, 10], 512, loop)) == [99, 100, 101]


@pytest.mark.parametrize(
    ("lengths", "budget", "expected"),
    [
        ([44, 60, 19, 12], 64, [44, 19]),  # 64 with the padding of 19 to its even place
        ([16, 30, 40, 18], 64, [16, 30, 18]),
        ([100, 30, 60, 22], 192, [100, 30, 60]),  # 192 tokens, of which 190 are theirs, is as good as it gets
        ([100, 30, 40, 22, 62], 192, [100, 30, 62]),  # 40 and 22 would leave as much room
        ([100, 12, 30], 64, [100]),
        ([98, 2, 30], 64, [98, 2]),  # over the budget: what costs nothing more
        ([10], 64, [10]),
    ],
)
def test_packed_rows_are_the_oldest_with_one_exchanged_if_that_wastes_less(
    loop: asyncio.AbstractEventLoop, lengths: list[int], budget: int, expected: list[int]
) -> None:
    got = chosen(PACKED, lengths, budget, loop)
    assert got[0] == lengths[0]
    assert fullness(got) == fullness(expected)
    assert sum(got) >= sum(expected)


@given(lengths=st.lists(st.integers(1, 512), min_size=1, max_size=64), budget=st.integers(1, 1024))
def test_packed_rows_stay_within_the_budget_and_waste_no_more_than_the_oldest_that_fit(
    loop: asyncio.AbstractEventLoop, lengths: list[int], budget: int
) -> None:
    got = chosen(PACKED, lengths, budget, loop)
    limit = max(budget, PACKED.tokens(lengths[:1]))
    assert sum(map(aligned, got)) <= limit
    oldest = lengths[:1]
    for length in lengths[1:]:
        if sum(map(aligned, [*oldest, length])) <= limit:
            oldest.append(length)
    assert len(got) == len(oldest)
    assert fullness(got) >= fullness(oldest)


@given(count=st.integers(100, 400), budget=st.integers(256, 512))
def test_many_tiny_rows_fill_a_packed_micro_batch(loop: asyncio.AbstractEventLoop, count: int, budget: int) -> None:
    got = chosen(PACKED, [4] * count, budget, loop)
    assert len(got) >= min(count, budget // 4 * 3 // 4)


def test_the_oldest_rows_that_fill_a_packed_micro_batch_are_taken(loop: asyncio.AbstractEventLoop) -> None:
    assert chosen(PACKED, [100, 30, 90, 40, 22, 64], 192, loop) == [100, 30, 40, 22]


def test_padding_of_full_micro_batches_is_little(loop: asyncio.AbstractEventLoop) -> None:
    """32 texts wait, as behind as many clients: besides what brings a text to an even place, next to nothing."""
    random = np.random.default_rng(0)
    lengths = (4 + random.lognormal(np.log(40), 0.6, 2000)).astype(int).clip(1, 512).tolist()
    waiting, rest, tokens, own = lengths[:32], lengths[32:], 0, 0
    while rest:
        batch = chosen(PACKED, waiting, 256, loop)
        for length in batch:
            waiting.remove(length)
        waiting += rest[: len(batch)]
        rest = rest[len(batch) :]
        tokens += PACKED.tokens(batch)
        own += sum(batch)
    assert (tokens - own) / tokens < 0.0125
