"""Does the service come back after a crash?"""

import shutil
import subprocess
from dataclasses import dataclass

from scripts.doctor.finding import Finding, NotChecked, ok, warning
from scripts.doctor.service_check import ServiceCheck

ENGINES = ("docker", "podman")
_COMES_BACK = ("always", "unless-stopped", "on-failure")
_SECONDS = 20


@dataclass(frozen=True)
class RestartPolicy(ServiceCheck):
    """The service's container has a restart policy.

    Attributes:
        container: its name in the engine.
    """

    container: str
    name = "restart policy"

    def run(self) -> Finding:
        """Ask the first engine on this machine that knows the container."""
        for engine in filter(shutil.which, ENGINES):
            policy = self._ask(engine)
            if policy in _COMES_BACK:
                return ok(f"The container {self.container} has the policy {policy}.")
            if policy is not None:
                return warning(
                    f"The container {self.container} stays down after a crash.",
                    f"{engine} update --restart unless-stopped {self.container}",
                )
        by_hand = f"docker inspect -f '{{{{.HostConfig.RestartPolicy.Name}}}}' {self.container}"
        raise NotChecked(f"No container {self.container} in docker or podman here.", f"On its host: {by_hand}")

    def _ask(self, engine: str) -> str | None:
        """The container's policy; None if the engine does not know it."""
        command = [engine, "container", "inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", self.container]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() or "no" if done.returncode == 0 else None
