"""What the checks of one service have in common."""

from dataclasses import dataclass

from scripts.doctor.service import Service


@dataclass(frozen=True)
class ServiceCheck:
    """A check that is about one service."""

    service: Service

    @property
    def subject(self) -> str:
        """The service's name."""
        return self.service.name
