"""Do threads and memory fit the limits that the service's process sees?"""

from scripts.doctor.finding import Finding, NotChecked, ok, warning
from scripts.doctor.service import Service
from scripts.doctor.service_check import ServiceCheck

_FULL = 0.9
_MIB = 1024 * 1024


class Threads(ServiceCheck):
    """No more threads than CPUs: a pool beyond the quota is throttled for whole periods."""

    name = "threads"

    def run(self) -> Finding:
        """Compare the engine's threads with the CPUs."""
        threads = self.service.info["engine"]["threads"]
        processors = _resources(self.service)["processors"]
        if threads > processors:
            return warning(
                f"{threads} threads share {processors} CPUs.",
                f"Unset {_prefix(self.service)}_THREADS, or give the container more CPUs.",
            )
        if threads < processors:
            return warning(
                f"{threads} threads leave {processors - threads} of {processors} CPUs idle.",
                f"Unset {_prefix(self.service)}_THREADS, unless others need them.",
            )
        return ok(f"{threads} threads on {processors} CPUs.")


class Memory(ServiceCheck):
    """There is a limit, and memory in use is well below it."""

    name = "memory"

    def run(self) -> Finding:
        """Compare resident memory with the limit."""
        resources = _resources(self.service)
        used, limit = resources["resident_bytes"], resources["memory_limit_bytes"]
        if used is None:
            raise NotChecked("The service cannot tell how much it uses.")
        if limit is None:
            return warning(
                f"It uses {used / _MIB:.0f} MiB, without a limit.",
                "Give the container one (--memory), so that a fault cannot take the host down.",
            )
        message = f"It uses {used / _MIB:.0f} of {limit / _MIB:.0f} MiB."
        return warning(message, "Raise the container's --memory.") if used > _FULL * limit else ok(message)


def _resources(service: Service) -> dict[str, int | None]:
    resources: dict[str, int | None] | None = service.info.get("resources")
    if resources is None:
        raise NotChecked(f"Version {service.info.get('version')} of the service does not tell its limits.")
    return resources


def _prefix(service: Service) -> str:
    return service.name.removesuffix("-service").upper()
