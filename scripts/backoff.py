"""Pauses between attempts."""

from collections.abc import Iterator


def doubling(first: float, longest: float) -> Iterator[float]:
    """Seconds before each attempt after the first one: twice as many each time, up to `longest`."""
    pause = first
    while True:
        yield pause
        pause = min(longest, 2 * pause)
