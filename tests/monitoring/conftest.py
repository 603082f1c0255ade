"""A real Prometheus that watches both services, and a load for them."""

from collections.abc import Iterator

import pytest

from tests import programs
from tests.http.services import Service, long_texts
from tests.monitoring.prometheus import Prometheus, running_prometheus


@pytest.fixture(scope="session")
def prometheus(observed: dict[str, Service], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """The project's configuration, but every second; the services are at other addresses."""
    for program in ("prometheus", "promtool"):
        programs.require(program)
    targets = {name: service.server.address for name, service in observed.items()}
    with running_prometheus(targets, tmp_path_factory.mktemp("prometheus"), interval="1s") as running:
        yield running


@pytest.fixture
def load(observed: dict[str, Service]) -> "Load":
    return Load(list(observed.values()))


class Load:
    """A little work for both services: new texts, cached ones, one that is truncated, a bad request."""

    def __init__(self, services: list[Service]) -> None:
        self._services = services
        self._sent = 0

    def send(self) -> None:
        for service in self._services:
            self._sent += 1
            service.post(f"heron {self._sent}", "the same heron", long_texts(1)[0] * 4)
            service.post()
