import asyncio
import time

from scripts.migrate.pace import Pace


def test_it_grows_with_answers_up_to_the_most() -> None:
    pace = Pace(5)
    assert pace.limit == 2
    for _ in range(100):
        pace.answered()
    assert pace.limit == 5


def test_refusals_of_one_moment_halve_it_once() -> None:
    pace = Pace(16)
    for _ in range(200):
        pace.answered()
    sent = time.monotonic()
    pace.refused(sent)
    pace.refused(sent)
    assert pace.limit == 8
    pace.refused(time.monotonic())
    assert pace.limit == 4


def test_it_never_stops() -> None:
    pace = Pace(1)
    for _ in range(5):
        pace.refused(time.monotonic())
    assert pace.limit == 1


def test_no_more_are_in_flight_than_the_limit_and_a_cancelled_one_gives_its_place_back() -> None:
    async def scenario() -> int:
        pace, most, busy = Pace(2), 0, 0

        async def request() -> None:
            nonlocal most, busy
            async with pace:
                busy += 1
                most = max(most, busy)
                await asyncio.sleep(0)
                busy -= 1

        async with pace, pace:
            blocked = asyncio.create_task(request())
            await asyncio.sleep(0)
            blocked.cancel()
            await asyncio.gather(blocked, return_exceptions=True)
        await asyncio.gather(*(request() for _ in range(10)))
        return most

    assert asyncio.run(scenario()) == 2
