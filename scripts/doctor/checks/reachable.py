"""Does the service answer at its URL, and is it this one?"""

from scripts.doctor.finding import Finding, NotChecked, failure, ok
from scripts.doctor.service_check import ServiceCheck


class Reachable(ServiceCheck):
    """The service answers, and its process makes progress."""

    name = "reachable"

    def run(self) -> Finding:
        """Ask which service answers, and whether it is alive."""
        service = self.service
        try:
            found = service.health.get("service")
        except NotChecked as reason:
            return failure(str(reason), f"Start it, or correct {service.variable}: it is looked for at {service.url}.")
        if found != service.name:
            return failure(f"{found} answers at {service.url}.", f"Correct {service.variable}.")
        live = service.get("/live")
        if not live.is_success:
            return failure(f"/live answers {live.status_code}: {live.text}", "Restart it, and read its log.")
        return ok(f"It answers at {service.url}.")
