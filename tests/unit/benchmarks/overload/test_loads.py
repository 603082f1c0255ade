import itertools

import pytest

from benchmarks.overload.loads import Phase, arrivals


def test_arrivals_have_the_rate_of_their_phase_and_rise() -> None:
    due = arrivals([Phase(200.0, 30.0), Phase(20.0, 30.0)])
    assert due == sorted(due)
    assert sum(moment < 30 for moment in due) == pytest.approx(6000, rel=0.05)
    assert sum(30 <= moment < 60 for moment in due) == pytest.approx(600, rel=0.15)


def test_arrivals_are_as_irregular_as_those_of_independent_clients() -> None:
    due = arrivals([Phase(100.0, 100.0)])
    gaps = [after - before for before, after in itertools.pairwise(due)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert spread == pytest.approx(mean, rel=0.05)


def test_the_same_seed_gives_the_same_arrivals() -> None:
    assert arrivals([Phase(10.0, 5.0)], seed=3) == arrivals([Phase(10.0, 5.0)], seed=3)
