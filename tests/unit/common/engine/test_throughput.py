"""The measured rate follows full micro-batches, on one stream or several."""

import pytest

from bentos.common.engine.throughput import Throughput


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throughput(clock: Clock) -> Throughput:
    return Throughput(1.0, clock)


def run(throughput: Throughput, clock: Clock, seconds: float, tokens: int, fullness: float = 1.0) -> None:
    clock.now += seconds
    throughput.finished(tokens, interactive=True, fullness=fullness, beside=0)


def test_a_first_guess_gives_way_to_the_first_measurement(throughput: Throughput) -> None:
    assert throughput.seconds_per_token == pytest.approx(1.0)
    throughput.observe(100, 0.05)
    assert throughput.seconds_per_token == pytest.approx(0.0005, rel=0.05)


def test_it_follows_a_machine_that_becomes_slower(throughput: Throughput, clock: Clock) -> None:
    throughput.begin()
    for _ in range(100):
        run(throughput, clock, 0.05, 100)
    for _ in range(100):
        run(throughput, clock, 0.10, 100)
    assert throughput.seconds_per_token == pytest.approx(0.001, rel=0.05)


def test_time_between_micro_batches_counts_but_not_idle_time(throughput: Throughput, clock: Clock) -> None:
    throughput.begin()
    for _ in range(200):
        run(throughput, clock, 0.05, 100)
        clock.now += 0.05  # something else kept the event loop
    assert throughput.seconds_per_token == pytest.approx(0.001, rel=0.05)
    clock.now += 1000
    throughput.begin()
    run(throughput, clock, 0.10, 100)
    assert throughput.seconds_per_token == pytest.approx(0.001, rel=0.05)


def test_micro_batches_that_are_hardly_filled_do_not_count(throughput: Throughput, clock: Clock) -> None:
    throughput.observe(100, 0.05)
    before = throughput.seconds_per_token
    throughput.begin()
    for _ in range(100):
        run(throughput, clock, 0.02, 3, fullness=0.1)
    assert throughput.seconds_per_token == before


def test_a_machine_that_stood_still_once_is_not_thought_to_be_slow(throughput: Throughput, clock: Clock) -> None:
    throughput.observe(1000, 0.5)
    throughput.begin()
    for _ in range(60):
        run(throughput, clock, 0.05, 100)
    before = throughput.seconds_per_token
    run(throughput, clock, 230.0, 100)
    assert throughput.seconds_per_token < 2 * before
    for _ in range(100):
        run(throughput, clock, 0.05, 100)
    assert throughput.seconds_per_token == pytest.approx(before, rel=0.1)


def test_small_micro_batches_show_that_the_rate_was_thought_too_low(throughput: Throughput, clock: Clock) -> None:
    throughput.observe(100, 50.0)
    throughput.begin()
    for _ in range(400):
        run(throughput, clock, 0.05, 10, fullness=0.1)
    assert throughput.seconds_per_token == pytest.approx(0.005, rel=0.1)


def test_two_streams_together_are_twice_as_fast(throughput: Throughput, clock: Clock) -> None:
    throughput.begin()
    for _ in range(200):
        clock.now += 0.05
        throughput.finished(100, interactive=True, fullness=1.0, beside=1)
    assert throughput.seconds_per_token == pytest.approx(0.0005, rel=0.05)


def test_a_small_micro_batch_beside_a_full_one_is_counted_with_it(throughput: Throughput, clock: Clock) -> None:
    throughput.begin()
    for _ in range(200):
        clock.now += 0.02
        throughput.finished(10, interactive=True, fullness=0.1, beside=1)
        clock.now += 0.03
        throughput.finished(90, interactive=False, fullness=1.0, beside=0)
    assert throughput.seconds_per_token == pytest.approx(0.0005, rel=0.05)


def test_the_share_of_interactive_work(throughput: Throughput, clock: Clock) -> None:
    throughput.begin()
    for number in range(400):
        clock.now += 0.01
        throughput.finished(100, interactive=number % 4 == 0, fullness=1.0, beside=0)
    assert throughput.interactive_share == pytest.approx(0.25, abs=0.02)
