"""The loads: clients that wait for their answers, and clients that come when they come."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.clients import Answer, Clients
from benchmarks.overload.outcomes import OK, REFUSALS, Outcome, recovery
from benchmarks.overload.requests import Request

TRIES = 3
"""Number of tries of a client that obeys: the vendors' SDKs send again twice by default."""
_OBEDIENT_EVERY = 10
_BACK_OFF_SECONDS = 0.5
"""Pause after a refusal without `Retry-After`; doubled each time, as the SDKs do."""
_PAUSE_AFTER_REFUSAL = 0.1


class Phase(NamedTuple):
    """Arrivals at random moments.

    Attributes:
        rate: requests per second.
        seconds: how long.
    """

    rate: float
    seconds: float


@dataclass(frozen=True)
class Saturation:
    """What a service did for clients that each wait for their answer.

    Attributes:
        tokens_per_second: of the answered requests.
        requests_per_second: answered.
        statuses: of all requests.
    """

    tokens_per_second: float
    requests_per_second: float
    statuses: dict[int, int]


async def saturate(
    clients: Clients,
    requests: Sequence[Request],
    *,
    at_once: int,
    seconds: float,
    warm_up: float,
    pause: float = _PAUSE_AFTER_REFUSAL,
) -> Saturation:
    """Keep `at_once` requests under way, and count those that are answered after the warm-up, for `seconds`.

    Args:
        clients: without patience.
        requests: chosen from at random.
        at_once: how many clients send one request after another.
        seconds: how long is counted.
        warm_up: seconds before.
        pause: seconds that a client waits after a refusal.
    """
    loop = asyncio.get_running_loop()
    source = random.Random(at_once)
    begin = loop.time() + warm_up
    end = begin + seconds
    tokens = answers = 0
    seen: Counter[int] = Counter()

    async def client() -> None:
        nonlocal tokens, answers
        while loop.time() < end:
            request = source.choice(requests)
            answer = await clients.ask(request.content)
            seen[answer.status] += 1
            if answer.status != OK:
                await asyncio.sleep(pause)
            elif begin <= answer.ended < end:
                tokens += request.tokens
                answers += 1

    await asyncio.gather(*(client() for _ in range(at_once)))
    return Saturation(tokens / seconds, answers / seconds, dict(seen))


def arrivals(phases: Sequence[Phase], seed: int = 0) -> list[float]:
    """Seconds from the start at which requests of independent clients come (Poisson)."""
    source = random.Random(seed)
    due, begin = [], 0.0
    for phase in phases:
        moment = begin + source.expovariate(phase.rate)
        while moment < begin + phase.seconds:
            due.append(moment)
            moment += source.expovariate(phase.rate)
        begin += phase.seconds
    return due


async def offer(
    clients: Clients, requests: Sequence[Request], due: Sequence[float], *, some_obey: bool = False, seed: int = 0
) -> list[Outcome]:
    """Send requests when they are due, whatever became of earlier ones; returns when the last has ended.

    Args:
        clients: they give up when their patience is over.
        requests: chosen from at random.
        due: seconds from now, rising.
        some_obey: whether every tenth client sends a refused request again, twice at most, after `Retry-After`.
        seed: seed of the choice.
    """
    loop = asyncio.get_running_loop()
    source = random.Random(seed)
    outcomes: list[Outcome] = []
    missing = len(due)
    ended = asyncio.Event()
    start = loop.time()

    def send(request: Request, outcome: Outcome, since: float) -> None:
        outcome.sent = since

        def done(answer: Answer) -> None:
            nonlocal missing
            outcome.ended = answer.ended - start
            outcome.statuses.append(answer.status)
            if outcome.obedient and answer.status in REFUSALS and len(outcome.statuses) < TRIES:
                wait = answer.retry_after
                if wait is None:
                    wait = _BACK_OFF_SECONDS * 2 ** (len(outcome.statuses) - 1)
                loop.call_later(wait, lambda: send(request, outcome, loop.time() - start))
                return
            missing -= 1
            if not missing:
                ended.set()

        clients.send(request.content, done)

    for number, moment in enumerate(due):
        wait = start + moment - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        elif not number % 32:
            await asyncio.sleep(0)  # late as it is, it still has to read answers
        request = source.choice(requests)
        obedient = some_obey and not number % _OBEDIENT_EVERY
        outcome = Outcome(moment, request.tokens, obedient, max(0.0, loop.time() - start - moment))
        outcomes.append(outcome)
        send(request, outcome, moment)
    if missing:
        await ended.wait()
    return outcomes


async def latencies(clients: Clients, request: Request, count: int) -> list[float]:
    """Seconds of requests sent one after another; one that is not answered took for ever."""
    return [seconds for _, seconds in [await _timed(clients, request, 0.0) for _ in range(count)]]


async def recover(clients: Clients, request: Request, limit: float, patience: float) -> float | None:
    """Seconds from now until requests sent one after another take no more than `limit` seconds again."""
    start = asyncio.get_running_loop().time()
    seen: list[tuple[float, float]] = []
    while asyncio.get_running_loop().time() < start + patience:
        seen.append(await _timed(clients, request, start))
        if seen[-1][1] == float("inf"):
            await asyncio.sleep(_PAUSE_AFTER_REFUSAL)
        if (moment := recovery(seen[-5:], limit)) is not None:
            return moment
    return None


async def _timed(clients: Clients, request: Request, start: float) -> tuple[float, float]:
    sent = asyncio.get_running_loop().time()
    answer = await clients.ask(request.content)
    return sent - start, answer.ended - sent if answer.status == OK else float("inf")
