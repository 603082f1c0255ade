"""Short interactive work beside bulk work that runs already."""

import asyncio
from collections.abc import Sequence

import pytest

from bentos.common.backends.interface import TokenRow
from bentos.common.errors import InferenceFailed
from tests.unit.common.engine.fake_backend import FakeBackend, row
from tests.unit.common.engine.parts import BULK, INTERACTIVE, POISON, Gate, make_engine, refuse_poison

pytestmark = pytest.mark.anyio


class HeldBulk:
    """Holds micro-batches of long rows until it is opened; short ones pass."""

    def __init__(self) -> None:
        self.gate = Gate()

    def __call__(self, rows: Sequence[TokenRow]) -> None:
        if len(rows[0].ids) > 100:
            self.gate(rows)


async def test_short_interactive_work_passes_bulk_work_that_runs_where_a_stream_is_reserved() -> None:
    held = HeldBulk()
    backend = FakeBackend(held, reserved=True)
    engine = make_engine(backend)
    bulk = asyncio.create_task(engine.run([row(500)] * 3, BULK))
    await held.gate.arrival()
    for length in (7, 9):
        assert (await engine.run([row(length)], INTERACTIVE)).tolist() == [[5, length]]
    assert backend.reserved_batches == [[7], [9]]
    assert not bulk.done()
    held.gate.open()
    await bulk
    assert (await engine.run([row(8)], INTERACTIVE)).tolist() == [[5, 8]]
    assert len(backend.reserved_batches) == 2
    engine.close()


async def test_work_of_the_reserved_stream_that_fails_is_retried_item_by_item() -> None:
    held = HeldBulk()

    def before(rows: Sequence[TokenRow]) -> None:
        held(rows)
        refuse_poison(rows)

    engine = make_engine(FakeBackend(before, reserved=True))
    bulk = asyncio.create_task(engine.run([row(500)], BULK))
    await held.gate.arrival()
    with pytest.raises(InferenceFailed) as failure:
        await engine.run([row(7), row(9, POISON)], INTERACTIVE)
    assert failure.value.item == 1
    held.gate.open()
    await bulk
    engine.close()


async def test_a_long_interactive_text_does_not_go_to_the_reserved_stream() -> None:
    held = HeldBulk()
    backend = FakeBackend(held, reserved=True)
    engine = make_engine(backend)
    bulk = asyncio.create_task(engine.run([row(500)], BULK))
    await held.gate.arrival()
    long = asyncio.create_task(engine.run([row(400)], INTERACTIVE))
    await asyncio.sleep(0)
    assert not backend.reserved_batches
    held.gate.open()
    await asyncio.gather(bulk, long)
    engine.close()
