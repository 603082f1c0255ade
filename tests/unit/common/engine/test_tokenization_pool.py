"""Tokenization beside the event loop: in pieces, interactive requests first, and no more than somebody waits for."""

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from bentos.common.engine.tokenization_pool import TokenizationPool
from bentos.common.engine.tokenizer import SHORT_CHARACTERS
from bentos.common.errors import DeadlineExceeded
from bentos.common.work_options import Lane

pytestmark = pytest.mark.anyio

LONG = "a" * 20_000
"""A text that is a piece by itself."""


@pytest.fixture
def pool() -> Iterator[TokenizationPool]:
    pool = TokenizationPool(1)
    yield pool
    pool.close()


class Held:
    """Notes what it is asked for, and waits at each piece until it may go on."""

    def __init__(self) -> None:
        self.pieces: list[list[str]] = []
        self.arrived = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, texts: Sequence[str]) -> list[int]:
        self.pieces.append(list(texts))
        self.arrived.release()
        assert self.go.acquire(timeout=30)
        return [len(text) for text in texts]

    async def arrival(self) -> None:
        assert await asyncio.to_thread(self.arrived.acquire, timeout=30)


@pytest.mark.parametrize(
    ("texts", "inline"),
    [
        (["heron"], True),
        ([[5] * 100, [6]], True),
        (["a" * SHORT_CHARACTERS], False),
        ([[5] * SHORT_CHARACTERS], False),
        ([""] * 1000, False),
    ],
    ids=["a text", "token ids", "a long text", "many token ids", "many texts"],
)
async def test_short_work_stays_on_the_event_loop(
    pool: TokenizationPool, texts: list[str] | list[list[int]], inline: bool
) -> None:
    threads = await pool.map(lambda texts: [threading.get_ident() for _ in texts], texts, lane=Lane.INTERACTIVE)
    assert (set(threads) == {threading.get_ident()}) == inline


async def test_results_come_in_order_whatever_the_pieces(pool: TokenizationPool) -> None:
    texts = ["a" * (number * 997 % 7000) for number in range(200)]
    assert await pool.map(lambda piece: list(map(len, piece)), texts, lane=Lane.BULK) == list(map(len, texts))


async def test_an_error_comes_back_and_the_next_request_is_served(pool: TokenizationPool) -> None:
    with pytest.raises(ZeroDivisionError):
        await pool.map(lambda texts: [1 // 0 for _ in texts], [LONG], lane=Lane.BULK)
    assert await pool.map(len_of_each, [LONG], lane=Lane.BULK) == [len(LONG)]


async def test_an_interactive_request_goes_between_two_texts_of_a_bulk_one(pool: TokenizationPool) -> None:
    held = Held()
    bulk = asyncio.create_task(pool.map(held, [LONG + "1", LONG + "2", LONG + "3"], lane=Lane.BULK))
    await held.arrival()
    interactive = asyncio.create_task(pool.map(held, [LONG], lane=Lane.INTERACTIVE))
    await asyncio.sleep(0)
    assert pool.expected_wait(Lane.BULK) > pool.expected_wait(Lane.INTERACTIVE) > 0
    held.go.release(4)
    await asyncio.gather(bulk, interactive)
    assert held.pieces == [[LONG + "1"], [LONG], [LONG + "2"], [LONG + "3"]]
    assert pool.expected_wait(Lane.BULK) == 0


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
async def test_a_request_that_nobody_waits_for_costs_no_more_than_the_current_text(
    pool: TokenizationPool, ending: str
) -> None:
    held = Held()
    deadline = asyncio.get_running_loop().time() + 0.2 if ending == "expired" else None
    leaving = asyncio.create_task(pool.map(held, [LONG] * 100, lane=Lane.BULK, deadline=deadline))
    await held.arrival()
    if ending == "cancelled":
        leaving.cancel()
    with pytest.raises((asyncio.CancelledError, DeadlineExceeded)):
        await leaving
    held.go.release(100)
    assert await pool.map(len_of_each, [LONG], lane=Lane.BULK) == [len(LONG)]
    assert len(held.pieces) == 1
    assert pool.expected_wait(Lane.BULK) == 0


async def test_a_request_that_leaves_while_it_waits_gives_its_turn_away(pool: TokenizationPool) -> None:
    held = Held()
    first = asyncio.create_task(pool.map(held, [LONG], lane=Lane.BULK))
    await held.arrival()
    leaving = asyncio.create_task(pool.map(held, [LONG], lane=Lane.BULK))
    last = asyncio.create_task(pool.map(held, [LONG], lane=Lane.BULK))
    await asyncio.sleep(0)
    leaving.cancel()
    held.go.release(2)
    assert await first == await last == [len(LONG)]


async def test_a_check_ends_a_request_early(pool: TokenizationPool) -> None:
    pieces = 0

    def check(_: Sequence[int]) -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 3:
            raise OverflowError

    with pytest.raises(OverflowError):
        await pool.map(len_of_each, [LONG] * 100, lane=Lane.BULK, check=check)
    assert pool.expected_wait(Lane.BULK) == 0


def len_of_each(texts: Sequence[str]) -> list[int]:
    return [len(text) for text in texts]
