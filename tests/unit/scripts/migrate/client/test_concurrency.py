import asyncio
import time

import pytest

from scripts.migrate.client.concurrency import AdaptiveConcurrency

pytestmark = pytest.mark.tools


def test_it_grows_with_answers_up_to_the_maximum() -> None:
    concurrency = AdaptiveConcurrency(5)
    assert concurrency.limit == 2
    for _ in range(100):
        concurrency.answered()
    assert concurrency.limit == 5


def test_refusals_of_one_moment_halve_it_once() -> None:
    concurrency = AdaptiveConcurrency(16)
    for _ in range(200):
        concurrency.answered()
    sent = time.monotonic()
    concurrency.refused(sent)
    concurrency.refused(sent)
    assert concurrency.limit == 8
    concurrency.refused(time.monotonic())
    assert concurrency.limit == 4


def test_it_never_stops() -> None:
    concurrency = AdaptiveConcurrency(1)
    for _ in range(5):
        concurrency.refused(time.monotonic())
    assert concurrency.limit == 1


def test_no_more_are_in_flight_than_the_limit_and_a_cancelled_one_gives_its_place_back() -> None:
    async def scenario() -> int:
        concurrency, largest, busy = AdaptiveConcurrency(2), 0, 0

        async def request() -> None:
            nonlocal largest, busy
            async with concurrency:
                busy += 1
                largest = max(largest, busy)
                await asyncio.sleep(0)
                busy -= 1

        async with concurrency, concurrency:
            blocked = asyncio.create_task(request())
            await asyncio.sleep(0)
            blocked.cancel()
            await asyncio.gather(blocked, return_exceptions=True)
        await asyncio.gather(*(request() for _ in range(10)))
        return largest

    assert asyncio.run(scenario()) == 2
