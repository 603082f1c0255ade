"""How many tokens one micro-batch may cost, learned from how long they take."""

_SMOOTHING = 0.3


class TokenBudget:
    """Adapts the token budget so that one micro-batch takes about a target slice of time.

    A micro-batch has a fixed cost besides its cost per token, so the time per token of a small one says little about a
    full one. Therefore only micro-batches that filled half the budget, or took longer than the slice, move it; the
    budget comes to rest where a full micro-batch takes exactly the slice.

    Args:
        slice_seconds: time a micro-batch should take.
        least: budget in tokens below which it never falls.
        most: budget in tokens above which it never grows.
    """

    def __init__(self, *, slice_seconds: float, least: int, most: int) -> None:
        self._slice = slice_seconds
        self._least = least
        self._most = most
        self._tokens = float(least)

    @property
    def tokens(self) -> int:
        """Tokens that the next micro-batch may cost, padding included."""
        return round(self._tokens)

    def observe(self, tokens: int, seconds: float) -> None:
        """Learn from one micro-batch of `tokens` (padding included) that took `seconds`."""
        if tokens < self._tokens / 2 and seconds <= self._slice:
            return
        wanted = tokens * self._slice / max(seconds, 1e-6)
        step = min(2.0, max(0.5, wanted / self._tokens))
        self._tokens = min(self._most, max(self._least, self._tokens * step**_SMOOTHING))
