"""How long to retry while a server is down."""

import time


class Outage:
    """Counts from the first failure since the server last answered; waiting before that is nobody's fault.

    Args:
        seconds: for which the server may be down.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._away_since: float | None = None

    def answered(self) -> None:
        """The server is there."""
        self._away_since = None

    def ends(self) -> bool:
        """Whether it has failed for too long, now that it failed again."""
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        return now - self._away_since > self.seconds
