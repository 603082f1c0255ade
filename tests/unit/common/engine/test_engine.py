"""The engine over a backend that can be told to be slow, to hang and to fail."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bentos.common.backends.interface import Outputs, TokenRow
from bentos.common.engine.engine import Engine
from bentos.common.errors import DeadlineExceeded, InferenceFailed, NotReady, Overloaded, TooManyTokens
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import EngineSettings
from bentos.common.work_options import Lane, WorkOptions
from tests.unit.common.engine.fake_backend import FakeBackend, row

POISON = 66
INTERACTIVE, BULK = WorkOptions(Lane.INTERACTIVE), WorkOptions(Lane.BULK)

pytestmark = pytest.mark.anyio


def make_engine(
    backend: FakeBackend, *, stuck_after: float = 60.0, request_timeout: float = 300.0, **settings: object
) -> Engine:
    engine_settings = EngineSettings(threads=4, **settings)  # type: ignore[arg-type]
    executor = ThreadPoolExecutor(engine_settings.streams)
    return Engine(
        backend, engine_settings, executor, Metrics(), request_timeout=request_timeout, stuck_after=stuck_after
    )


def refuse_poison(rows: Sequence[TokenRow]) -> None:
    if any(POISON in row.ids for row in rows):
        raise RuntimeError("poison")


async def settle(engine: Engine) -> None:
    """Wait until no micro-batch runs, retries and canary included."""
    await asyncio.gather(*engine._dispatcher._running)


class Gate:
    """Holds every micro-batch until it is opened."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._arrived = threading.Semaphore(0)

    def __call__(self, _: Sequence[TokenRow]) -> None:
        self._arrived.release()
        assert self._open.wait(30)

    async def arrival(self) -> None:
        """Wait until one more micro-batch is in the backend."""
        assert await asyncio.to_thread(self._arrived.acquire, timeout=30)

    def open(self) -> None:
        self._open.set()


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


async def test_warm_up_learns_the_budget_and_closing_frees_the_backend() -> None:
    backend = FakeBackend()
    engine = make_engine(backend, min_batch_tokens=64)
    await engine.warm_up(512)
    assert {1, 16, 64, 512} >= {length for batch in backend.batches for length in batch if length != 8}
    engine.close()
    assert backend.closed


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
