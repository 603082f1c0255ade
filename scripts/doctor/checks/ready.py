"""Does the service take requests?"""

from scripts.doctor.finding import Finding, failure, ok
from scripts.doctor.service_check import ServiceCheck

_ADVICE = {
    "model_loaded": "Wait: it is loading its model. If that lasts for minutes, its log says why.",
    "engine_healthy": "Its log names the fault; the process restarts by its restart policy.",
    "not_draining": "It is being stopped: its successor should be ready.",
}


class Ready(ServiceCheck):
    """`/ready` says yes."""

    name = "ready"

    def run(self) -> Finding:
        """Ask, and explain the first check that fails."""
        failing = self.service.failing
        if not failing:
            return ok("It takes requests.")
        return failure(f"It is not ready: {', '.join(failing)}.", _ADVICE.get(failing[0], "Read its log."))
