"""The bounded queue: how much work is let in, and how long the rest should stay away."""

import math

from bentos.common.errors import Overloaded

_LONGEST_RETRY_SECONDS = 60.0


class Admission:
    """Counts the tokens of admitted work that is not finished.

    Args:
        limit: most tokens. A request larger than half of it is let in once the other half is free, so that every
            request that passes the other limits is served sooner or later.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.tokens = 0

    def check(self, tokens: int, seconds_per_token: float) -> None:
        """Refuse work that does not fit.

        Raises:
            Overloaded: with the time in which the engine finishes enough work to make room.
        """
        excess = self.tokens + min(tokens, self._limit // 2) - self._limit
        if excess > 0:
            seconds = min(_LONGEST_RETRY_SECONDS, max(1.0, excess * seconds_per_token))
            raise Overloaded(
                f"The queue is full: {self.tokens} tokens wait, the limit is {self._limit}.",
                retry_after=math.ceil(seconds),
            )

    def enter(self, tokens: int) -> None:
        """Count work that was let in."""
        self.tokens += tokens

    def leave(self, tokens: int) -> None:
        """Stop counting work that is answered or was dropped."""
        self.tokens -= tokens
