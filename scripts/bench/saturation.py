"""The highest rate that a service sustains: double until it does not, then halve the gap."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from scripts.bench.open_loop import Load

_CLOSE_ENOUGH = 1.1
_MAX_STEPS = 24
_MIN_RATE = 0.5


@dataclass
class Saturation:
    """A search's steps, in their order."""

    steps: list[Load] = field(default_factory=list)

    @property
    def best(self) -> Load | None:
        """The highest rate that was sustained; None if none was."""
        return max((step for step in self.steps if step.holds), key=_rate, default=None)

    @property
    def limited_by_generator(self) -> bool:
        """Whether the generator was late at the lowest rate that was not sustained, and may be the limit itself."""
        lowest = min((step for step in self.steps if not step.holds), key=_rate, default=None)
        return lowest is not None and not lowest.trustworthy


def _rate(step: Load) -> float:
    return step.rate


async def find_max(measure: Callable[[float], Awaitable[Load]], start: float) -> Saturation:
    """Search for the highest rate that is sustained, to 10%.

    Args:
        measure: runs one step at a rate.
        start: rate of the first step, or the lowest of a search if that is more; if it is not sustained the search goes
            down.
    """
    found = Saturation()
    holds, fails = 0.0, float("inf")
    rate = max(start, _MIN_RATE)
    while len(found.steps) < _MAX_STEPS and fails > _CLOSE_ENOUGH * holds and rate >= _MIN_RATE:
        step = await measure(rate)
        found.steps.append(step)
        if step.holds:
            holds = rate
        else:
            fails = rate
        rate = _next(holds, fails)
    return found


def _next(holds: float, fails: float) -> float:
    if fails == float("inf"):
        return 2 * holds
    return fails / 2 if holds == 0 else (holds * fails) ** 0.5
