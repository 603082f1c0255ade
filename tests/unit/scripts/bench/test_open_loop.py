"""Arrivals, and what an open loop makes of a server that stalls: everybody who was due meanwhile has waited."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import numpy as np
import pytest

from scripts.bench.client import Client, Outcome, Reply
from scripts.bench.dialects import Call
from scripts.bench.open_loop import Load, Request, poisson_arrivals, run
from scripts.bench.saturation import find_max

CALL = Call("/embed", b"{}")


class Stalling(Client):
    """Answers at once, but for the requests that meet its stall, which it answers when that is over."""

    def __init__(self, stall_seconds: float) -> None:
        super().__init__("stalling", "http://127.0.0.1:9", None, 1)
        self._stall_seconds = stall_seconds
        self._stalled: asyncio.Task[None] | None = None

    async def send(self, call: Call, *, cached: bool = False) -> Reply:
        del call, cached
        self._stalled = self._stalled or asyncio.create_task(asyncio.sleep(self._stall_seconds))
        await asyncio.shield(self._stalled)
        return Reply(Outcome.ANSWERED, 0, b"{}")


def test_arrivals_are_poisson_of_the_rate() -> None:
    due = poisson_arrivals(rate=50, duration=200, seed=1)
    gaps = np.diff(due)
    assert len(due) == pytest.approx(10_000, rel=0.05)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)
    assert due == poisson_arrivals(rate=50, duration=200, seed=1) != poisson_arrivals(rate=50, duration=200, seed=2)
    assert all(first <= second for first, second in pairwise(due))


def test_a_stall_is_charged_for_everybody_who_was_due_meanwhile() -> None:
    load = asyncio.run(run(Stalling(0.5), lambda: CALL, rate=100, duration=0.5, slo_ms=100, seed=0))
    waited = {request.due: request.seconds for request in load.requests}
    first = min(waited)
    assert len(waited) > 20
    assert all(seconds >= first + 0.5 - due for due, seconds in waited.items() if due < first + 0.5)
    assert not load.holds


def test_a_load_holds_when_95_percent_of_all_requests_are_answered_in_time() -> None:
    assert load_of(answered=95, slow=5, rejected=0).holds
    assert not load_of(answered=94, slow=6, rejected=0).holds
    assert not load_of(answered=94, slow=0, rejected=6).holds
    assert load_of(answered=95, slow=0, rejected=5).goodput == 9.5
    assert not load_of(answered=0, slow=0, rejected=0).holds


def test_a_generator_that_is_late_is_not_trusted() -> None:
    late = load_of(answered=100, slow=0, rejected=0, late=0.02)
    assert late.lateness_ms == pytest.approx(20)
    assert not late.trustworthy


def test_windows_share_out_the_requests_and_have_no_figures_where_none_was_answered() -> None:
    windows = load_of(answered=50, slow=0, rejected=50).windows(2)
    assert [(window.start, window.answered) for window in windows] == [(0, 50), (5, 0)]
    assert windows[0].p95 == pytest.approx(10)
    assert windows[1].p95 is None


@pytest.mark.parametrize("capacity", [0.7, 3, 50, 800])
def test_the_search_finds_the_highest_rate_to_ten_percent(capacity: float) -> None:
    found = asyncio.run(find_max(serving(lambda rate: rate <= capacity), start=4))
    assert found.best is not None
    assert capacity / 1.1 <= found.best.rate <= capacity
    assert not found.limited_by_generator


def test_a_search_that_ends_at_the_generator_says_so() -> None:
    found = asyncio.run(
        find_max(serving(lambda rate: rate <= 100, late=lambda rate: 1.0 if rate > 100 else 0.0), start=4)
    )
    assert found.best is not None
    assert found.best.rate <= 100
    assert found.limited_by_generator


def test_a_search_in_which_nothing_passes_ends() -> None:
    found = asyncio.run(find_max(serving(lambda _: False), start=4))
    assert found.best is None


def test_a_search_that_would_begin_below_its_lowest_rate_begins_there() -> None:
    found = asyncio.run(find_max(serving(lambda rate: rate <= 0.6), start=0.2))
    assert found.steps[0].rate == 0.5
    assert found.best is not None


def load_of(*, answered: int, slow: int, rejected: int, late: float = 0, rate: float = 10) -> Load:
    """Ten seconds of requests that were due in this order."""
    kinds = (
        [(0.01, Outcome.ANSWERED)] * answered + [(9, Outcome.ANSWERED)] * slow + [(0.01, Outcome.REJECTED)] * rejected
    )
    step = 10 / max(1, len(kinds))
    requests = [Request(number * step, late, seconds, outcome) for number, (seconds, outcome) in enumerate(kinds)]
    return Load("embed-service", rate, 10, 150, requests)


def serving(
    holds: Callable[[float], bool], late: Callable[[float], float] = lambda _: 0.0
) -> Callable[[float], Awaitable[Load]]:
    async def measure(rate: float) -> Load:
        answered = 100 if holds(rate) else 0
        return load_of(answered=answered, slow=100 - answered, rejected=0, late=late(rate), rate=rate)

    return measure
