"""Arithmetic of a load whose clients do not wait: what of it was answered in time, and what became of the rest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.clients import GAVE_UP, RESET
from scripts.percentile import percentile

OK = 200
REFUSALS = frozenset({413, 429, 503})
"""Statuses by which a service says that it takes no more."""
_NAMES = {GAVE_UP: "given up", RESET: "no answer"}


@dataclass(slots=True)
class Outcome:
    """What became of one request; times are seconds from the start of the load.

    Attributes:
        due: when it was to be sent.
        tokens: the work that it is.
        obedient: whether its client sends it again when `Retry-After` says so.
        tries: how often it was sent.
        lag: by how much the generator was late in sending it first.
        sent: when it was sent last; the first time counts from `due`.
        ended: when its last try ended.
        statuses: of each try.
    """

    due: float
    tokens: int
    obedient: bool = False
    lag: float = 0.0
    sent: float = 0.0
    ended: float = 0.0
    statuses: list[int] = field(default_factory=list)

    @property
    def status(self) -> int:
        """Status of the last try."""
        return self.statuses[-1]

    @property
    def latency(self) -> float:
        """Seconds that the last try took."""
        return self.ended - self.sent


def goodput(outcomes: Iterable[Outcome], begin: float, end: float) -> float:
    """Tokens per second of the answers that arrived within a window."""
    return sum(one.tokens for one in outcomes if one.status == OK and begin <= one.ended < end) / (end - begin)


def goodput_by_window(outcomes: Sequence[Outcome], seconds: float, window: float = 10.0) -> list[float]:
    """Goodput of each whole window of a load."""
    return [goodput(outcomes, window * number, window * (number + 1)) for number in range(int(seconds / window))]


def offered(outcomes: Iterable[Outcome], begin: float, end: float) -> float:
    """Tokens per second of the requests that were due within a window."""
    return sum(one.tokens for one in outcomes if begin <= one.due < end) / (end - begin)


def percentile_ms(outcomes: Iterable[Outcome], percent: float, statuses: frozenset[int]) -> float | None:
    """Latency in milliseconds of the requests that ended with one of these statuses; None if there are none."""
    latencies = [one.latency for one in outcomes if one.status in statuses]
    seconds = percentile(latencies, percent)
    return None if seconds is None else round(seconds * 1000, 1)


def statuses(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many tries ended with which status, the most frequent first."""
    found = Counter(status for one in outcomes for status in one.statuses)
    return {_NAMES.get(status, str(status)): count for status, count in found.most_common()}


def let_in(outcomes: Iterable[Outcome], tries: int) -> list[float]:
    """Share of the requests that was answered after one try, after two and so on."""
    known = list(outcomes)
    answered = Counter(len(one.statuses) for one in known if one.status == OK)
    return [sum(answered[number] for number in range(1, count + 1)) / len(known) for count in range(1, tries + 1)]


def recovery(latencies: Sequence[tuple[float, float]], limit: float, of: int = 5) -> float | None:
    """When requests sent one after another are fast again: the first from which the median of `of` is within a limit.

    Args:
        latencies: when each was sent and how long it took (infinite if it was refused), in seconds.
        limit: seconds.
        of: how many must be looked at together, so that one lucky request does not count.

    Returns:
        When the first of them was sent; None if that did not happen.
    """
    for first in range(len(latencies) - of + 1):
        if np.median([seconds for _, seconds in latencies[first : first + of]]) <= limit:
            return latencies[first][0]
    return None
