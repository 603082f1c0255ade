"""Memory for requests in flight is counted from a body's first bytes until its answer has been sent."""

import pytest
from starlette.requests import Request
from starlette.types import Message, Scope

from bentos.common.errors import Overloaded
from bentos.common.http.body import read
from bentos.common.http.inflight import CHARGE, FREE_BYTES, Charge, InFlightBytes
from bentos.common.observability.metrics import Metrics

LIMIT = 100_000


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def budget(metrics: Metrics) -> InFlightBytes:
    return InFlightBytes(LIMIT, metrics)


def small_request(budget: InFlightBytes, size: int) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": b" " * size}

    scope: Scope = {"type": "http", "headers": []}
    scope[CHARGE] = Charge(budget)
    return Request(scope, receive)


def inflight(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("duobento_inflight_bytes")


def refusals(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("duobento_refusals_total", {"reason": "memory"})


def test_a_body_is_counted_as_it_arrives_and_until_its_request_ends(budget: InFlightBytes, metrics: Metrics) -> None:
    charge = Charge(budget)
    for arrived in (5000, 70_000):
        charge.body(arrived)
        assert inflight(metrics) == arrived
    charge.answer(100)
    assert inflight(metrics) == 70_100
    charge.release()
    assert inflight(metrics) == 0


def test_a_body_that_does_not_fit_is_refused_and_what_had_arrived_is_released(
    budget: InFlightBytes, metrics: Metrics
) -> None:
    first, second = Charge(budget), Charge(budget)
    first.body(60_000)
    second.body(40_000)
    with pytest.raises(Overloaded) as refused:
        second.body(40_001)
    assert refused.value.retry_after > 0
    assert (inflight(metrics), refusals(metrics)) == (100_000, 1)
    second.release()
    first.body(100_000)
    assert (inflight(metrics), refusals(metrics)) == (100_000, 1)


@pytest.mark.anyio
async def test_small_bodies_are_let_in_when_nothing_else_is(budget: InFlightBytes, metrics: Metrics) -> None:
    Charge(budget).body(LIMIT)
    assert len(await read(small_request(budget, FREE_BYTES), LIMIT)) == FREE_BYTES
    assert inflight(metrics) == LIMIT
    with pytest.raises(Overloaded):
        await read(small_request(budget, FREE_BYTES + 1), LIMIT)


def test_an_answer_of_any_size_is_let_in_and_then_bodies_and_other_answers_are_refused(
    budget: InFlightBytes, metrics: Metrics
) -> None:
    slow_reader = Charge(budget)
    slow_reader.answer(3 * LIMIT)
    with pytest.raises(Overloaded):
        Charge(budget).body(5000)
    with pytest.raises(Overloaded):
        Charge(budget).answer(70_000)
    assert (inflight(metrics), refusals(metrics)) == (3 * LIMIT, 2)
    slow_reader.release()
    Charge(budget).body(5000)
    Charge(budget).answer(70_000)
    assert inflight(metrics) == 75_000


def test_bodies_that_were_let_in_take_no_room_of_answers(budget: InFlightBytes) -> None:
    Charge(budget).body(LIMIT)
    Charge(budget).answer(70_000)


def test_a_charge_is_released_once(budget: InFlightBytes, metrics: Metrics) -> None:
    charge = Charge(budget)
    charge.body(5000)
    charge.release()
    charge.release()
    assert inflight(metrics) == 0


@pytest.mark.usefixtures("budget")
def test_the_limit_and_all_reasons_of_refusals_are_in_the_metrics_from_the_start(metrics: Metrics) -> None:
    assert metrics.registry.get_sample_value("duobento_inflight_limit_bytes") == LIMIT
    for reason in ("memory", "queue", "deadline"):
        assert metrics.registry.get_sample_value("duobento_refusals_total", {"reason": reason}) == 0
