from math import inf

import pytest

from benchmarks.clients import GAVE_UP
from benchmarks.overload.outcomes import (
    REFUSALS,
    Outcome,
    goodput,
    goodput_by_window,
    let_in,
    offered,
    percentile_ms,
    recovery,
    statuses,
)


def outcome(ended: float, *tries: int, tokens: int = 10, due: float = 0.0) -> Outcome:
    return Outcome(due, tokens, sent=due, ended=ended, statuses=list(tries))


def test_goodput_counts_the_tokens_of_answers_by_the_moment_of_their_arrival() -> None:
    seen = [outcome(1.0, 200), outcome(2.0, 200, tokens=30), outcome(2.5, 200, tokens=500)]
    assert goodput(seen, 1.0, 2.5) == pytest.approx(40 / 1.5)


def test_what_was_refused_or_given_up_is_no_goodput() -> None:
    assert goodput([outcome(1.0, 429), outcome(1.0, GAVE_UP), outcome(1.0, 503)], 0.0, 10.0) == 0


def test_windows_are_whole_and_their_begin_belongs_to_them() -> None:
    seen = [outcome(9.9, 200), outcome(10.0, 200, tokens=20), outcome(24.0, 200)]
    assert goodput_by_window(seen, 25.0) == [1.0, 2.0]


def test_offered_load_counts_what_was_due_whatever_became_of_it() -> None:
    assert offered([outcome(1.0, 200, due=0.5), outcome(9.0, GAVE_UP, due=1.5), outcome(9.0, 200, due=2.0)], 0, 2) == 10


def test_percentiles_are_of_the_asked_statuses_alone_and_in_milliseconds() -> None:
    seen = [outcome(0.1, 200), outcome(0.3, 200), outcome(0.002, 429), outcome(10.0, GAVE_UP)]
    assert percentile_ms(seen, 50, frozenset({200})) == pytest.approx(200)
    assert percentile_ms(seen, 99, REFUSALS) == pytest.approx(2)
    assert percentile_ms(seen, 99, frozenset({504})) is None


def test_each_try_has_its_status_in_the_table() -> None:
    seen = [outcome(1.0, 429, 429, 200), outcome(1.0, GAVE_UP)]
    assert statuses(seen) == {"429": 2, "200": 1, "given up": 1}


def test_the_share_that_is_let_in_grows_with_the_tries() -> None:
    seen = [outcome(1.0, 200), outcome(1.0, 429, 200), outcome(1.0, 429, 429, 200), outcome(1.0, 429, 429, 429)]
    assert let_in(seen, 3) == [0.25, 0.5, 0.75]


def test_recovery_begins_with_the_first_of_several_fast_requests() -> None:
    slow_then_fast = [(0.0, 5.0), (1.0, 1.0), (2.0, inf), (3.0, 1.0), (4.0, 1.0), (5.0, 1.0)]
    assert recovery(slow_then_fast, 1.2, of=3) == 1.0
    assert recovery(slow_then_fast, 0.9, of=3) is None


def test_one_lucky_request_is_no_recovery() -> None:
    assert recovery([(0.0, 1.0), (1.0, 5.0), (2.0, 5.0)], 1.2, of=3) is None
