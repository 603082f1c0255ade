"""Memory for requests in flight: bytes of bodies and answers, counted in all and bounded in all."""

from starlette.types import Scope

from bentos.common.errors import Overloaded
from bentos.common.metrics import Metrics

FREE_BYTES = 4096
"""A body of no more is neither counted nor refused, so that small requests are answered whatever large ones do."""

_SCOPE_KEY = "duobento.charge"
_RETRY_AFTER_SECONDS = 1.0


class InFlightBytes:
    """The budget of a service. Belongs to the event loop.

    Args:
        limit: most bytes of bodies; answers are counted too, but never refused.
        metrics: of the service.
    """

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit = limit
        self._held = 0
        self._refusals = metrics.refusals.labels("memory")
        metrics.inflight_limit_bytes.set(limit)
        metrics.inflight_bytes.set_function(lambda: self._held)

    def admit(self, size: int) -> None:
        """Count bytes of a body.

        Raises:
            Overloaded: there is no memory left for them.
        """
        if self._held + size > self._limit:
            self._refusals.inc()
            raise Overloaded("The service holds as many bytes of requests as it may.", retry_after=_RETRY_AFTER_SECONDS)
        self._held += size

    def add(self, size: int) -> None:
        """Count bytes of an answer; with a negative number, count no longer what was counted."""
        self._held += size


class Charge:
    """What one request holds of the budget, from its body's first bytes until its answer has been sent."""

    __slots__ = ("_budget", "_held")

    def __init__(self, budget: InFlightBytes, scope: Scope) -> None:
        self._budget = budget
        self._held = 0
        scope[_SCOPE_KEY] = self

    def body(self, size: int) -> None:
        """Count the body, of which so many bytes have arrived, more than `FREE_BYTES`.

        Raises:
            Overloaded: there is no memory left for the last of them.
        """
        self._budget.admit(size - self._held)
        self._held = size

    def answer(self, size: int) -> None:
        """Count the answer."""
        self._budget.add(size)
        self._held += size

    def release(self) -> None:
        """Count the request no longer."""
        if self._held:
            self._budget.add(-self._held)
            self._held = 0


def charge_of(scope: Scope) -> Charge | None:
    """The charge of a request; none outside of a service."""
    return scope.get(_SCOPE_KEY)
