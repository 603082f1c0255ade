"""Services with short time-outs and few connections, each started once per session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.services import EMBED, QUICK_STOP, Service, running

MAX_CONNECTIONS = 8


@pytest.fixture(scope="session")
def short_timeouts(home: Path, logs: Path) -> Iterator[Service]:
    """embed-service with time-outs of one second."""
    seconds = ("HEADER_TIMEOUT_SECONDS", "BODY_TIMEOUT_SECONDS", "WRITE_TIMEOUT_SECONDS", "IDLE_TIMEOUT_SECONDS")
    settings = EMBED.lean | QUICK_STOP | dict.fromkeys(seconds, "1")
    with running(EMBED, settings, home=home, log=logs / "short_timeouts.log") as service:
        yield service


@pytest.fixture(scope="session")
def crowded(home: Path, logs: Path) -> Iterator[Service]:
    """embed-service with `MAX_CONNECTIONS`, and those that it keeps for probes; an idle one is closed soon."""
    settings = EMBED.lean | QUICK_STOP | {"MAX_CONNECTIONS": str(MAX_CONNECTIONS), "IDLE_TIMEOUT_SECONDS": "1"}
    with running(EMBED, settings, home=home, log=logs / "crowded.log") as service:
        yield service
