"""How long does a small request wait for its first byte?"""

from dataclasses import dataclass
from statistics import median

from scripts.doctor.finding import Finding, NotChecked, ok, warning
from scripts.doctor.service_check import ServiceCheck

_REQUESTS = 5


@dataclass(frozen=True)
class FirstByte(ServiceCheck):
    """The median of a few small requests; `scripts.bench` measures properly.

    Attributes:
        acceptable_ms: above it something is wrong.
    """

    acceptable_ms: float
    name = "first byte"

    def run(self) -> Finding:
        """Send them one after the other."""
        answers = [self.service.post_example() for _ in range(_REQUESTS)]
        refused = next((answer.status_code for answer in answers if not answer.is_success), None)
        if refused:
            raise NotChecked(f"A small request gets {refused}.")
        milliseconds = median(answer.elapsed.total_seconds() for answer in answers) * 1000
        message = f"After {milliseconds:.0f} ms."
        if milliseconds > self.acceptable_ms:
            return warning(message, "Look for competing load and for too few CPUs; make bench measures more.")
        return ok(message)
