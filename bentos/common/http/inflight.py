"""Memory for requests in flight: bytes of bodies and answers, counted in all and bounded in all."""

from dataclasses import dataclass

from starlette.types import Scope

from bentos.common.errors import Overloaded
from bentos.common.observability.metrics import Metrics

FREE_BYTES = 4096
"""A body of no more is neither counted nor refused, so that small requests are answered whatever large ones do."""

FREE_ANSWER_BYTES = 64 * 1024
"""The same of an answer; a connection holds no more of them than of one that is large."""

CHARGE = "duobento.charge"
"""Key of a request's scope under which its charge stands."""
_RETRY_AFTER_SECONDS = 1.0


class InFlightBytes:
    """The budget of a service. Belongs to the event loop.

    Args:
        limit: most bytes of bodies and answers, beyond which bodies are refused. Answers are refused once other answers
            alone hold as many, so that no body that has been let in takes the room of an answer.
        metrics: of the service.
    """

    def __init__(self, limit: int, metrics: Metrics) -> None:
        self._limit = limit
        self._held = 0
        self._answers = 0
        self._refusals = metrics.refusals.labels("memory")
        metrics.inflight_limit_bytes.set(limit)
        metrics.inflight_bytes.set_function(lambda: self._held)

    def admit(self, size: int) -> None:
        """Count bytes of a body.

        Raises:
            Overloaded: there is no memory left for them.
        """
        if self._held + size > self._limit:
            raise self._refused("The service holds as many bytes of requests as it may.")
        self._held += size

    def admit_answer(self, size: int) -> None:
        """Count bytes of an answer. One of any size is let in where there is room at all.

        Raises:
            Overloaded: other answers take all the room.
        """
        if self._answers >= self._limit:
            raise self._refused("Answers that their clients have not read yet hold as many bytes as they may.")
        self._held += size
        self._answers += size

    def release(self, held: int, answer: int) -> None:
        """Count no longer so many bytes, among them those of an answer."""
        self._held -= held
        self._answers -= answer

    def _refused(self, message: str) -> Overloaded:
        self._refusals.inc()
        return Overloaded(message, retry_after=_RETRY_AFTER_SECONDS)


@dataclass(slots=True)
class Charge:
    """What one request holds of the budget, from its body's first bytes until its answer has been sent.

    Attributes:
        budget: of the service.
        held: bytes in all.
    """

    budget: InFlightBytes
    held: int = 0
    _body: int = 0
    _answer: int = 0

    def body(self, size: int) -> None:
        """Count the body, of which so many bytes have arrived, more than `FREE_BYTES`.

        Raises:
            Overloaded: there is no memory left for the last of them.
        """
        more = size - self._body
        self.budget.admit(more)
        self.held += more
        self._body = size

    def answer(self, size: int) -> None:
        """Count the answer, of more than `FREE_ANSWER_BYTES`.

        Raises:
            Overloaded: there is no memory left for it.
        """
        self.budget.admit_answer(size)
        self.held += size
        self._answer += size

    def release(self) -> None:
        """Count the request no longer."""
        self.budget.release(self.held, self._answer)
        self.held = self._body = self._answer = 0


def charge_of(scope: Scope) -> Charge | None:
    """The charge of a request; none outside of a service."""
    return scope.get(CHARGE)
