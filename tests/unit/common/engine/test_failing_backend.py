"""The engine over a backend that fails, hangs or computes what is not finite."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.errors import InferenceFailed
from tests.unit.common.engine.fake_backend import FakeBackend, row
from tests.unit.common.engine.parts import INTERACTIVE, POISON, Gate, make_engine, refuse_poison, settle

pytestmark = pytest.mark.anyio


async def test_only_the_poison_item_fails() -> None:
    gate = Gate()

    def before(rows: Sequence[TokenRow]) -> None:
        gate(rows)
        refuse_poison(rows)

    engine = make_engine(FakeBackend(before), min_batch_tokens=256)
    first = asyncio.create_task(engine.run([row(5)], INTERACTIVE))
    await gate.arrival()
    good = [asyncio.create_task(engine.run([row(9, mark)], INTERACTIVE)) for mark in (1, 2)]
    bad = asyncio.create_task(engine.run([row(9), row(9, POISON)], INTERACTIVE))
    await asyncio.sleep(0)
    gate.open()
    await first
    assert [(await task).tolist() for task in good] == [[[1, 9]], [[2, 9]]]
    with pytest.raises(InferenceFailed) as failed:
        await bad
    assert failed.value.item == 1
    assert engine.watchdog.failure_reason() is None
    engine.close()


async def test_outputs_that_are_not_finite_never_reach_a_caller() -> None:
    class NaNBackend(FakeBackend):
        def infer(self, rows: Sequence[TokenRow]) -> Outputs:
            outputs = super().infer(rows)
            outputs[[POISON in row.ids for row in rows]] = np.nan
            return outputs

    engine = make_engine(NaNBackend())
    with pytest.raises(InferenceFailed):
        await engine.run([row(5, POISON)], INTERACTIVE)
    assert (await engine.run([row(5)], INTERACTIVE)).tolist() == [[5, 5]]
    engine.close()


async def test_a_stuck_backend_is_seen() -> None:
    gate = Gate()
    engine = make_engine(FakeBackend(gate), stuck_after=1e-9)
    task = asyncio.create_task(engine.run([row(5)], INTERACTIVE))
    await gate.arrival()
    assert engine.watchdog.failure_reason() == "A micro-batch has been running for more than 1e-09 seconds."
    gate.open()
    await task
    assert engine.watchdog.failure_reason() is None
    engine.close()


async def test_a_long_text_may_take_longer_before_it_counts_as_stuck() -> None:
    gate = Gate()
    engine = make_engine(FakeBackend(gate), stuck_after=60)
    task = asyncio.create_task(engine.run([row(8192)], INTERACTIVE))
    await gate.arrival()
    [call] = engine.watchdog._calls.running.values()
    clock = call.started
    engine.watchdog._clock = lambda: clock
    clock += 959
    assert engine.watchdog.failure_reason() is None
    clock += 2
    assert engine.watchdog.failure_reason() == "A micro-batch has been running for more than 960 seconds."
    gate.open()
    await task
    engine.close()


async def test_a_backend_that_fails_on_good_input_too_is_declared_dead() -> None:
    def always_fail(_: Sequence[TokenRow]) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered")

    engine = make_engine(FakeBackend(always_fail))
    for _ in range(5):
        with pytest.raises(InferenceFailed):
            await engine.run([row(5)], INTERACTIVE)
    await settle(engine)
    assert engine.watchdog.failure_reason() == "The backend fails on every input."
    engine.close()


async def test_many_poison_inputs_do_not_make_a_healthy_backend_look_dead() -> None:
    engine = make_engine(FakeBackend(refuse_poison))
    for _ in range(20):
        with pytest.raises(InferenceFailed):
            await engine.run([row(5, POISON)], INTERACTIVE)
    await settle(engine)
    assert engine.watchdog.failure_reason() is None
    engine.close()
