"""Is the model loaded, and is it meant for production?"""

from scripts.doctor.finding import Finding, failure, ok, warning
from scripts.doctor.service_check import ServiceCheck


class Health(ServiceCheck):
    """`/health` says ok, of a model of production quality."""

    name = "health"

    def run(self) -> Finding:
        """Read `/health`."""
        health = self.service.health
        model = health.get("model")
        if health.get("status") != "ok":
            return failure(f"Its status is {health.get('status')}.", "Wait while it is loading; else read its log.")
        if health.get("quality") == "demo":
            return warning(f"{model} is a model for demonstrations.", "Serve another: make serve MODELS=production.")
        return ok(f"It serves {model}.")
