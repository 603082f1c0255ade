"""Waiting for a server that starts."""

import time
from collections.abc import Callable

import httpx

_POLL_SECONDS = 0.05


def wait_until(condition: Callable[[], bool], what: str, seconds: float) -> None:
    """Poll until a condition holds.

    Args:
        what: is waited for, in words.

    Raises:
        TimeoutError: it does not hold after `seconds`.
    """
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise TimeoutError(f"waited {seconds:g} seconds in vain: {what}")
        time.sleep(_POLL_SECONDS)


def answers(url: str, timeout_seconds: float = 5.0) -> bool:
    """Whether a GET is answered with success."""
    try:
        return httpx.get(url, timeout=timeout_seconds, trust_env=False).is_success
    except httpx.TransportError:
        return False
