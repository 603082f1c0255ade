"""Who is let in, and when the others should come back. A token takes 10 ms here, so 100 take a second."""

import pytest

from bentos.common.engine.admission import Admission
from bentos.common.engine.throughput import Throughput
from bentos.common.errors import DeadlineExceeded, Overloaded, TooManyTokens
from bentos.common.observability.metrics import Metrics
from bentos.common.settings import EngineSettings
from bentos.common.work_options import Lane


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Harness:
    """An admission with a clock that tests set."""

    def __init__(self, **settings: float) -> None:
        self.clock = Clock()
        throughput = Throughput(0.01, self.clock)
        metrics = Metrics()
        self.registry = metrics.registry
        options = {"threads": 1, "max_interactive_wait_seconds": 7.5, "queue_tokens": 100_000, **settings}
        self.admission = Admission(
            EngineSettings(**options),  # type: ignore[arg-type]
            throughput,
            request_timeout=300,
            metrics=metrics,
            clock=self.clock,
        )

    def waiting(self, interactive: int = 0, bulk: int = 0) -> "Harness":
        self.admission.enter(Lane.INTERACTIVE, interactive)
        self.admission.enter(Lane.BULK, bulk)
        return self

    def admits(self, lane: Lane, tokens: int, seconds: float | None = None, ahead: float = 0.0) -> bool:
        return self.retry_after(lane, tokens, seconds, ahead) is None

    def retry_after(self, lane: Lane, tokens: int, seconds: float | None = None, ahead: float = 0.0) -> float | None:
        try:
            self.admission.check_wait(lane, tokens, self.deadline(seconds), ahead=ahead)
        except Overloaded as refusal:
            return refusal.retry_after
        return None

    def deadline(self, seconds: float | None) -> float | None:
        return None if seconds is None else self.clock.now + seconds


def test_an_idle_engine_admits_whatever_it_can_do_in_time() -> None:
    assert Harness().admits(Lane.INTERACTIVE, 29_000)
    assert Harness(queue_tokens=1024).admits(Lane.BULK, 29_000)


def test_interactive_work_is_let_in_until_it_would_wait_too_long() -> None:
    harness = Harness().waiting(interactive=400)
    assert harness.admits(Lane.INTERACTIVE, 90)
    assert not harness.admits(Lane.INTERACTIVE, 110)


def test_bulk_work_waits_as_long_as_a_request_may_take() -> None:
    harness = Harness().waiting(interactive=400)
    assert harness.admits(Lane.BULK, 20_000)
    assert not harness.waiting(bulk=20_000).admits(Lane.BULK, 20_000)


def test_a_request_with_a_deadline_of_its_own_has_to_fit_into_it() -> None:
    harness = Harness().waiting(interactive=200)
    assert harness.admits(Lane.INTERACTIVE, 50, seconds=3)
    assert not harness.admits(Lane.INTERACTIVE, 50, seconds=2)
    assert not harness.admits(Lane.BULK, 50, seconds=2)


def test_who_is_willing_to_wait_longer_does_not_lengthen_the_interactive_queue() -> None:
    assert not Harness().waiting(interactive=600).admits(Lane.INTERACTIVE, 10, seconds=200)


def test_interactive_work_does_not_wait_for_bulk_work_but_shares_with_it() -> None:
    harness = Harness().waiting(bulk=10_000)
    assert harness.admits(Lane.INTERACTIVE, 50)
    assert harness.waiting(interactive=390).admission.expected_wait(Lane.INTERACTIVE) == pytest.approx(3.9 * 5 / 4)


def test_bulk_work_waits_longer_where_interactive_work_keeps_coming() -> None:
    harness = Harness().waiting(interactive=100, bulk=1000)
    before = harness.admission.expected_wait(Lane.BULK)
    harness.admission._throughput.observe(100, 1.0, interactive=True)
    assert before == pytest.approx(11)
    assert harness.admission.expected_wait(Lane.BULK) == pytest.approx(1 + 10 * 5)


def test_the_time_before_the_queue_counts() -> None:
    assert Harness().admits(Lane.INTERACTIVE, 10, ahead=4)
    assert not Harness().admits(Lane.INTERACTIVE, 10, ahead=6)


def test_a_request_as_long_as_the_limit_is_let_in_once_half_of_it_is_free() -> None:
    assert Harness().waiting(interactive=240).admits(Lane.INTERACTIVE, 2000)
    assert not Harness().waiting(interactive=260).admits(Lane.INTERACTIVE, 2000)


def test_tokens_are_bounded_whatever_their_time() -> None:
    harness = Harness(queue_tokens=1024).waiting(bulk=1000)
    assert harness.admits(Lane.BULK, 24)
    assert not harness.admits(Lane.BULK, 25)


def test_work_that_could_not_be_done_in_time_by_an_idle_engine_is_too_large() -> None:
    harness = Harness()
    harness.admission.check_size(30_000, None)
    with pytest.raises(TooManyTokens, match=r"30001 tokens.*at most 30000 within the 300 seconds"):
        harness.admission.check_size(30_001, None)
    with pytest.raises(TooManyTokens, match="at most 200 within the 2 seconds"):
        harness.admission.check_size(201, harness.deadline(2))
    with pytest.raises(DeadlineExceeded):
        harness.admission.check_size(1, harness.deadline(0))


def test_retry_after_is_the_time_after_which_the_request_fits() -> None:
    harness = Harness().waiting(interactive=700)
    seconds = harness.retry_after(Lane.INTERACTIVE, 50)
    assert seconds == 3  # 7.5 seconds are 2.5 too many
    harness.admission.leave(Lane.INTERACTIVE, 300)
    assert harness.admits(Lane.INTERACTIVE, 50)


def test_each_refused_request_comes_back_behind_those_before_it() -> None:
    harness = Harness().waiting(interactive=500)
    seconds = [harness.retry_after(Lane.INTERACTIVE, 100) for _ in range(100)]
    assert seconds[:4] == [1, 2, 3, 4]
    assert seconds[-1] == 60
    harness.clock.now += 30
    assert harness.retry_after(Lane.INTERACTIVE, 100) == pytest.approx(31, abs=1)
    harness.clock.now += 300
    assert harness.retry_after(Lane.INTERACTIVE, 100) == 1


def test_refusals_are_counted_by_reason() -> None:
    harness = Harness().waiting(interactive=1000)
    assert not harness.admits(Lane.INTERACTIVE, 1)
    assert not harness.admits(Lane.INTERACTIVE, 1, seconds=3)
    with pytest.raises(TooManyTokens):
        harness.admission.check_size(30_001, None)
    assert harness.registry.get_sample_value("duobento_refusals_total", {"reason": "queue"}) == 1
    assert harness.registry.get_sample_value("duobento_refusals_total", {"reason": "deadline"}) == 2
