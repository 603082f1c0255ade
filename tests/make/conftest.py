"""Both services as `make serve` starts them, on free ports."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.free_port import free_port
from tests.make.repository import Repository

READY = "Ready. Stop with Ctrl-C."


@dataclass(frozen=True)
class Serving:
    """What `make serve` has started.

    Attributes:
        ports: of both services, by their usual ones.
        log: what it shows.
    """

    ports: dict[int, int]
    log: Path

    @property
    def urls(self) -> dict[str, str]:
        """The variables by which tools and examples find the services."""
        embed, rerank = (f"http://localhost:{port}" for port in self.ports.values())
        return {"EMBED_SERVICE_URL": embed, "RERANK_SERVICE_URL": rerank}


@pytest.fixture(scope="session")
def repository(converted_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    home = tmp_path_factory.mktemp("make-home")
    (home / "models").symlink_to(converted_store / "models")
    return Repository(tmp_path_factory.mktemp("repository"), home)


@pytest.fixture(scope="session")
def serving(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    ports = {5555: free_port(), 5556: free_port()}
    log = tmp_path_factory.mktemp("serve") / "log"
    options = f"ARGS=--embed-port {ports[5555]} --rerank-port {ports[5556]}"
    with repository.started(repository.command("serve", options), log, READY):
        yield Serving(ports, log)
