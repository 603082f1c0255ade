"""What the engine computes before the first request, and while there is none."""

import asyncio

import pytest

from tests.unit.common.engine.fake_backend import FakeBackend, row
from tests.unit.common.engine.parts import INTERACTIVE, Gate, make_engine

pytestmark = pytest.mark.anyio


async def test_a_long_window_is_not_computed_at_the_start() -> None:
    backend = FakeBackend()
    engine = make_engine(backend)
    await engine.warm_up(32_768)
    assert max(max(batch) for batch in backend.batches) == 512
    engine.close()


async def test_lengths_are_prepared_after_the_start_while_nothing_is_computed() -> None:
    gate = Gate()
    backend = FakeBackend(gate)
    backend.unprepared = (2, 4)
    engine = make_engine(backend)
    work = asyncio.create_task(engine.run([row(5)], INTERACTIVE))
    await gate.arrival()
    preparing = asyncio.create_task(engine.prepare_when_idle())
    done, _ = await asyncio.wait([preparing], timeout=0.5)
    assert not done
    assert backend.prepared == []
    gate.open()
    await work
    await preparing
    assert backend.prepared == [2, 4]
    engine.close()


async def test_a_length_that_cannot_be_prepared_ends_the_preparation_with_a_warning(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FakeBackend()
    backend.unprepared = (2, 4)
    monkeypatch.setattr(backend, "prepare", lambda tokens: 1 / (tokens - 2))
    engine = make_engine(backend)
    await engine.prepare_when_idle()
    assert [record.getMessage() for record in caplog.records] == ["The backend cannot prepare for rows of 2 tokens"]
    assert (await engine.run([row(5)], INTERACTIVE)).shape == (1, 2)
    engine.close()


async def test_warm_up_learns_the_budget_and_closing_frees_the_backend() -> None:
    backend = FakeBackend()
    engine = make_engine(backend, min_batch_tokens=64)
    await engine.warm_up(512)
    assert {1, 16, 64, 512} >= {length for batch in backend.batches for length in batch if length != 8}
    engine.close()
    assert backend.closed
