"""Tokenization beside the event loop: on few threads, a piece at a time, interactive requests first."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bentos.common.backends.packing import groups
from bentos.common.engine.tokenizer import are_short, weight
from bentos.common.errors import DeadlineExceeded
from bentos.common.work_options import Lane

_PIECE_CHARACTERS = 16_000
_FIRST_SECONDS_PER_CHARACTER = 2e-7
_SMOOTHING = 0.2

Text = TypeVar("Text", bound=Sized)
Result = TypeVar("Result")


class TokenizationPool:
    """Threads that tokenize. All methods belong to one event loop.

    A request's texts are worked off in pieces of some `_PIECE_CHARACTERS`, a longer text alone. Between two pieces
    others get their turn, and a request that was cancelled or whose deadline has passed ends.

    Args:
        threads: pieces at a time.

    Attributes:
        free: threads that do nothing.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="tokenization")
        self.free = threads
        self._waiting: dict[Lane, deque[asyncio.Future[None]]] = {lane: deque() for lane in Lane}
        self._characters = dict.fromkeys(Lane, 0)
        self._seconds_per_character = _FIRST_SECONDS_PER_CHARACTER

    def expected_wait(self, lane: Lane) -> float:
        """Seconds until texts that came now would be tokenized; 0 if a thread is free."""
        if self.free:
            return 0.0
        characters = self._characters[Lane.INTERACTIVE] + (self._characters[Lane.BULK] if lane is Lane.BULK else 0)
        return characters * self._seconds_per_character / self._threads

    async def map(
        self,
        function: Callable[[Sequence[Text]], Sequence[Result]],
        texts: Sequence[Text],
        *,
        lane: Lane,
        deadline: float | None = None,
        check: Callable[[Sequence[Result]], None] | None = None,
    ) -> list[Result]:
        """Apply a function to all texts, or lists of token ids, in order.

        Args:
            function: makes a result of each of the texts that it is given; runs in another thread.
            texts: of one request.
            lane: which requests go first.
            deadline: event loop time, in seconds, at which the caller stops waiting.
            check: called with the results of each piece; may raise to end early.

        Raises:
            DeadlineExceeded: the deadline passed.
        """
        if are_short(texts):
            return list(function(texts))
        weights = [*map(weight, texts)]
        characters = sum(weights)
        results: list[Result] = []
        self._characters[lane] += characters
        try:
            async with asyncio.timeout_at(deadline):
                for part in groups(weights, _PIECE_CHARACTERS):
                    piece = texts[part]
                    made = await self._run(function, piece, lane)
                    done = sum(weights[part])
                    self._characters[lane] -= done
                    characters -= done
                    if check:
                        check(made)
                    results += made
        except TimeoutError:
            raise DeadlineExceeded("The request's deadline passed before its texts were tokenized.") from None
        finally:
            self._characters[lane] -= characters
        return results

    def close(self) -> None:
        """Stop the threads once they are done with what they do."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _run(
        self, function: Callable[[Sequence[Text]], Sequence[Result]], piece: Sequence[Text], lane: Lane
    ) -> Sequence[Result]:
        await self._take_thread(lane)
        loop = asyncio.get_running_loop()
        work = self._executor.submit(_timed, function, piece)
        # The thread is free when it is done, which is later than a cancelled caller leaves.
        work.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free_thread))
        result, seconds = await asyncio.wrap_future(work)
        rate = seconds / sum(map(weight, piece))
        self._seconds_per_character += _SMOOTHING * (rate - self._seconds_per_character)
        return result

    async def _take_thread(self, lane: Lane) -> None:
        if self.free:
            self.free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[lane].append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free_thread()
            raise

    def _free_thread(self) -> None:
        """Hand a thread to whoever waits, interactive requests first."""
        for waiting in self._waiting.values():
            while waiting:
                turn = waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self.free += 1


def _timed(
    function: Callable[[Sequence[Text]], Sequence[Result]], piece: Sequence[Text]
) -> tuple[Sequence[Result], float]:
    started = time.perf_counter()
    return function(piece), time.perf_counter() - started
