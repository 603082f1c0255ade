"""Load that does not wait for answers: requests arrive as users send them, at random times around a rate.

Latency counts from the time at which a request was due, not from the time at which it was sent, so that a service that
stalls is charged for everybody who would have arrived meanwhile (coordinated omission).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.bench.client import Client, Outcome
from scripts.bench.dialects import Call
from scripts.percentile import percentile

_TRUSTED_LATENESS = 0.1


@dataclass(frozen=True, slots=True)
class Request:
    """What became of one request.

    Attributes:
        due: seconds after the start at which it was to be sent.
        late: seconds after that at which the generator sent it.
        seconds: from `due` to the last byte of its answer.
    """

    due: float
    late: float
    seconds: float
    outcome: Outcome


@dataclass(frozen=True)
class Window:
    """Latencies of the requests that were due in a part of the time; milliseconds, None where nothing was answered.

    Attributes:
        start: seconds after the start.
    """

    start: float
    answered: int
    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True)
class Load:
    """One run of open-loop load.

    Attributes:
        rate: requests per second that were to be sent.
        slo_ms: latency within which an answer is useful.
    """

    service: str
    rate: float
    duration: float
    slo_ms: float
    requests: Sequence[Request]

    def count(self, outcome: Outcome) -> int:
        """Requests that ended so."""
        return Counter(request.outcome for request in self.requests)[outcome]

    @property
    def sent_rate(self) -> float:
        """Requests per second that chance made of `rate`."""
        return len(self.requests) / self.duration

    @property
    def answered_ms(self) -> NDArray[np.float64]:
        """Latencies of the answers, `[answers]`."""
        answered = (request.seconds for request in self.requests if request.outcome is Outcome.ANSWERED)
        return np.fromiter(answered, np.float64) * 1000

    def percentile(self, percent: float) -> float | None:
        """Milliseconds; None without answers."""
        return percentile(self.answered_ms, percent)

    @property
    def goodput(self) -> float:
        """Answers per second that came within the SLO."""
        return float((self.answered_ms <= self.slo_ms).sum()) / self.duration

    @property
    def lateness_ms(self) -> float:
        """99th percentile of how late the generator itself was."""
        return percentile(np.array([request.late for request in self.requests]) * 1000, 99) or 0.0

    @property
    def trustworthy(self) -> bool:
        """Whether the generator's lateness is small against the SLO."""
        return self.lateness_ms <= _TRUSTED_LATENESS * self.slo_ms

    @property
    def holds(self) -> bool:
        """whether the service sustained the load: 95% of all requests, the failed ones too, answered within the SLO."""
        in_time = int((self.answered_ms <= self.slo_ms).sum())
        return bool(self.requests) and in_time >= 0.95 * len(self.requests)

    def windows(self, count: int = 20) -> list[Window]:
        """The run in parts of equal length, of at least a second."""
        count = max(1, min(count, int(self.duration)))
        length = self.duration / count
        return [self._window(number * length, (number + 1) * length) for number in range(count)]

    def _window(self, start: float, end: float) -> Window:
        seconds = [
            request.seconds
            for request in self.requests
            if start <= request.due < end and request.outcome is Outcome.ANSWERED
        ]
        p50, p95, p99 = (percentile(np.array(seconds) * 1000, percent) for percent in (50, 95, 99))
        return Window(start, len(seconds), p50, p95, p99)


def poisson_arrivals(rate: float, duration: float, seed: int) -> list[float]:
    """Seconds after the start at which requests are due: independent of each other, `rate` a second on average."""
    source = np.random.default_rng(seed)
    due: list[float] = []
    last = 0.0
    while (last := last + source.exponential(1 / rate)) < duration:
        due.append(last)
    return due


async def run(
    client: Client,
    make_call: Callable[[], Call],
    *,
    rate: float,
    duration: float,
    slo_ms: float,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> Load:
    """Send Poisson arrivals to a service and wait for all answers; the calls are made before the first is sent."""
    due = poisson_arrivals(rate, duration, seed)
    calls = [make_call() for _ in due]
    started = time.perf_counter()

    async def send(call: Call, at: float) -> Request:
        late = time.perf_counter() - started - at
        reply = await client.send(call)
        advance()
        return Request(at, late, time.perf_counter() - started - at, reply.outcome)

    tasks = []
    for at, call in zip(due, calls, strict=True):
        if (pause := started + at - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        tasks.append(asyncio.create_task(send(call, at)))
    return Load(client.name, rate, duration, slo_ms, await asyncio.gather(*tasks))
