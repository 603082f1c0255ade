"""What a check found, and what a check is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    """State of one point of the checklist."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        message: what was found, in one sentence.
        advice: what to do about it; empty if there is nothing to do.
    """

    status: Status
    message: str
    advice: str = ""


class NotChecked(Exception):
    """A check cannot tell; the message says why, `advice` how to check by hand."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class Check(Protocol):
    """One point of the checklist."""

    @property
    def name(self) -> str:
        """What the point is called."""

    @property
    def subject(self) -> str:
        """Service or part of the deployment that it is about."""

    def run(self) -> Finding:
        """Check it.

        Raises:
            NotChecked: if that is not possible.
        """


def ok(message: str) -> Finding:
    """All is well."""
    return Finding(Status.OK, message)


def warning(message: str, advice: str) -> Finding:
    """It works, but should not stay so."""
    return Finding(Status.WARNING, message, advice)


def failure(message: str, advice: str) -> Finding:
    """The deployment does not do what it should."""
    return Finding(Status.FAILURE, message, advice)
