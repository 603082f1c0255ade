"""Does the service take requests?"""

from dataclasses import dataclass

from scripts.doctor.finding import Finding, failure, ok
from scripts.doctor.service import Service

_ADVICE = {
    "model_loaded": "Wait: it is loading its model. If that lasts for minutes, its log says why.",
    "engine_healthy": "Its log names the fault; the process restarts by its restart policy.",
    "not_draining": "It is being stopped: its successor should be ready.",
}


@dataclass(frozen=True)
class Ready:
    """`/ready` says yes."""

    service: Service
    name = "ready"

    @property
    def subject(self) -> str:
        """The service."""
        return self.service.name

    def run(self) -> Finding:
        """Ask, and explain the first check that fails."""
        answer = self.service.get("/ready")
        if answer.is_success:
            return ok("It takes requests.")
        failing = answer.json().get("failing", ["/ready"])
        return failure(f"It is not ready: {', '.join(failing)}.", _ADVICE.get(failing[0], "Read its log."))
