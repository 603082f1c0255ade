"""What reaches the engine, and what a request gets, whatever the cache has and whatever other requests do meanwhile."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bentos.common.backends.interface import TokenRow
from bentos.common.errors import DeadlineExceeded, InferenceFailed, Overloaded
from bentos.common.work_options import WorkOptions
from tests.unit.common.cache.parts import Counts, HashBackend, Parts, memory_cache
from tests.unit.common.engine.fake_backend import FakeBackend, row
from tests.unit.common.engine.parts import BULK, INTERACTIVE, POISON, Gate, refuse_poison

pytestmark = pytest.mark.anyio

NO_CACHE = WorkOptions(use_cache=False)


def parts(backend: FakeBackend, counts: Counts | None = None, **options: Any) -> Parts:
    counts = counts or Counts()
    return Parts(backend, memory_cache(counts), counts, **options)


async def test_a_row_is_computed_once_and_then_found() -> None:
    it = parts(HashBackend())
    first = await it.run([row(5)])
    again = await it.run([row(5)])
    assert (first.cached, again.cached) == ([False], [True])
    assert first.outputs.tobytes() == again.outputs.tobytes()
    assert it.computed == 1
    it.close()


async def test_cached_and_fresh_rows_mix_in_the_order_of_the_request() -> None:
    it = parts(FakeBackend())
    await it.run([row(5, 1), row(6, 2)])
    mixed = await it.run([row(9, 3), row(6, 2), row(7, 4), row(5, 1)])
    assert mixed.outputs.tolist() == [[3, 9], [2, 6], [4, 7], [1, 5]]
    assert mixed.cached == [False, True, False, True]
    assert it.computed == 4
    it.close()


async def test_equal_rows_of_a_request_are_computed_once_and_are_equal() -> None:
    it = parts(FakeBackend())
    once = await it.run([row(5), row(6), row(5), row(5)])
    assert once.outputs.tolist() == [[5, 5], [5, 6], [5, 5], [5, 5]]
    assert not any(once.cached)
    assert it.computed == 2
    assert all((await it.run([row(6), row(5), row(5)])).cached)
    it.close()


async def test_rows_that_differ_in_their_segments_only_are_different() -> None:
    it = parts(FakeBackend())
    ids = np.full(4, 5, np.int32)
    await it.run([TokenRow(ids, np.zeros(4, np.int32))])
    other = await it.run([TokenRow(ids, np.array([0, 0, 1, 1], np.int32))])
    assert not any(other.cached)
    it.close()


async def test_no_store_computes_anew_and_leaves_nothing() -> None:
    it = parts(FakeBackend())
    assert not any((await it.run([row(5), row(5)], NO_CACHE)).cached)
    assert not any((await it.run([row(5)])).cached)
    assert not any((await it.run([row(5)], NO_CACHE)).cached)
    assert it.computed == 3
    it.close()


async def test_without_a_cache_everything_is_computed() -> None:
    it = Parts(FakeBackend(), None, Counts())
    for _ in range(2):
        computed = await it.run([row(5), row(6), row(5)])
        assert computed.outputs.tolist() == [[5, 5], [5, 6], [5, 5]]
        assert not any(computed.cached)
    assert it.computed == 4
    it.close()


async def test_float16_halves_the_payload_and_keeps_the_first_digits() -> None:
    counts = Counts()
    it = Parts(HashBackend(), memory_cache(counts), counts, dtype="float16")
    fresh, cached = await it.run([row(5)]), await it.run([row(5)])
    assert all(cached.cached)
    assert cached.outputs.dtype == np.float32
    assert cached.outputs == pytest.approx(fresh.outputs, rel=1e-3)
    assert counts("stored_bytes_total", tier="memory") == 4
    it.close()


async def test_cached_rows_are_answered_while_the_queue_is_full_and_only_missing_ones_are_refused() -> None:
    gate = Gate()
    it = parts(FakeBackend(gate), queue_tokens=1024)
    gate.open()
    await it.run([row(5)])
    gate = it.backend._before = Gate()
    held = asyncio.create_task(it.run([row(512, 1), row(512, 2)], BULK))
    await gate.arrival()
    it.cached.admit_texts(["heron"], WorkOptions())
    with pytest.raises(Overloaded):
        it.cached.admit_texts(["heron"], NO_CACHE)
    assert all((await it.run([row(5)])).cached)
    with pytest.raises(Overloaded):
        await it.run([row(5), row(6)])
    gate.open()
    await held
    it.close()


async def test_requests_for_the_same_row_share_one_computation() -> None:
    gate, counts = Gate(), Counts()
    it = parts(FakeBackend(gate), counts)
    first = asyncio.create_task(it.run([row(5), row(6)]))
    await gate.arrival()
    others = [asyncio.create_task(it.run([row(6), row(7)])) for _ in range(3)]
    await asyncio.sleep(0)
    gate.open()
    assert (await first).outputs.tolist() == [[5, 5], [5, 6]]
    for other in others:
        assert (await other).outputs.tolist() == [[5, 6], [5, 7]]
    assert it.computed == 3
    assert counts("shared_total") == 5
    it.close()


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
async def test_followers_of_a_request_that_ends_early_take_over(ending: str) -> None:
    gate = Gate()
    it = parts(FakeBackend(gate))
    deadline = asyncio.get_running_loop().time() if ending == "expired" else None
    busy = asyncio.create_task(it.run([row(4)]))
    await gate.arrival()
    leader = asyncio.create_task(it.run([row(5)], WorkOptions(deadline=deadline)))
    await asyncio.sleep(0)
    followers = [asyncio.create_task(it.run([row(5)])) for _ in range(3)]
    await asyncio.sleep(0)
    if ending == "cancelled":
        leader.cancel()
    with pytest.raises((asyncio.CancelledError, DeadlineExceeded)):
        await leader
    gate.open()
    await busy
    assert [(await follower).outputs.tolist() for follower in followers] == [[[5, 5]]] * 3
    assert it.computed == 2
    it.close()


async def test_followers_of_a_request_that_fails_on_another_row_take_over() -> None:
    gate = Gate()

    def before(rows: Sequence[TokenRow]) -> None:
        gate(rows)
        refuse_poison(rows)

    it = parts(FakeBackend(before), min_batch_tokens=256)
    leader = asyncio.create_task(it.run([row(5, POISON), row(6)]))
    await gate.arrival()
    follower = asyncio.create_task(it.run([row(7), row(6)]))
    await asyncio.sleep(0)
    gate.open()
    with pytest.raises(InferenceFailed) as failed:
        await leader
    assert failed.value.item == 0
    assert (await follower).outputs.tolist() == [[5, 7], [5, 6]]
    it.close()


async def test_many_requests_for_a_row_that_always_fails_all_end_with_their_own_error() -> None:
    it = parts(FakeBackend(refuse_poison))
    requests = [asyncio.create_task(it.run([row(4, 1), row(6, POISON)])) for _ in range(20)]
    for failed in await asyncio.gather(*requests, return_exceptions=True):
        assert isinstance(failed, InferenceFailed)
        assert failed.item == 1
    it.close()


async def test_a_follower_that_leaves_does_not_harm_the_leader() -> None:
    gate = Gate()
    it = parts(FakeBackend(gate))
    leader = asyncio.create_task(it.run([row(5)]))
    await gate.arrival()
    follower, other = (asyncio.create_task(it.run([row(5)])) for _ in range(2))
    await asyncio.sleep(0)
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    gate.open()
    assert (await leader).outputs.tolist() == (await other).outputs.tolist() == [[5, 5]]
    assert it.computed == 1
    it.close()


async def test_a_follower_waits_no_longer_than_its_deadline() -> None:
    gate = Gate()
    it = parts(FakeBackend(gate))
    leader = asyncio.create_task(it.run([row(5)]))
    await gate.arrival()
    with pytest.raises(DeadlineExceeded):
        await it.run([row(5)], WorkOptions(deadline=asyncio.get_running_loop().time()))
    gate.open()
    await leader
    it.close()


async def test_interactive_work_does_not_wait_for_bulk_that_computes_the_same_row() -> None:
    gate = Gate()
    it = parts(FakeBackend(gate), min_batch_tokens=8, max_batch_tokens=8)
    bulk = asyncio.create_task(it.run([row(8, mark) for mark in range(1, 10)], BULK))
    await gate.arrival()
    interactive = asyncio.create_task(it.run([row(8, 9)], INTERACTIVE))
    await asyncio.sleep(0)
    gate.open()
    assert (await interactive).outputs.tolist() == [[9, 8]]
    assert not bulk.done()
    await bulk
    it.close()


async def test_an_error_names_the_row_by_its_place_in_the_request() -> None:
    it = parts(FakeBackend(refuse_poison))
    await it.run([row(5), row(6)])
    with pytest.raises(InferenceFailed) as failed:
        await it.run([row(5), row(5), row(7), row(6), row(8, POISON), row(8, POISON)])
    assert failed.value.item == 4
    it.close()
