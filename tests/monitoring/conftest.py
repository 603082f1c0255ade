"""Both services with a cache, under the eyes of a real Prometheus and a collector of traces."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import programs
from tests.http.services import EMBED, QUICK_STOP, RERANK, Service, long_texts, running
from tests.monitoring.collector import Collector
from tests.monitoring.prometheus import Prometheus, running_prometheus


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="session")
def observed(collector: Collector, home: Path, logs: Path) -> Iterator[dict[str, Service]]:
    """Both services by name; they send their traces to the collector at once."""
    traces = {"TRACES_URL": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    settings = QUICK_STOP | {"CACHE_URL": "memory"} | traces
    with (
        running(EMBED, EMBED.serving | settings, home=home, log=logs / "observed-embed.log") as embed,
        running(RERANK, RERANK.serving | settings, home=home, log=logs / "observed-rerank.log") as rerank,
    ):
        yield {service.kind.name: service for service in (embed, rerank)}


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
