"""A Qdrant over HTTP, an alias of its own for each test, and the command that migrates it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from scripts.free_port import free_port
from scripts.readiness import answers
from tests.http.server import ROOT, wait_for
from tests.http.services import Service
from tests.migration.fault_proxy import FaultProxy
from tests.migration.parts import Migration


@pytest.fixture(scope="session")
def qdrant_url() -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([sys.executable, "-m", "tests.migration.qdrant_server", str(port)], cwd=ROOT)

    def ready() -> bool:
        assert process.poll() is None
        return answers(f"{url}/collections")

    try:
        wait_for(ready, "Qdrant answers")
        yield url
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def qdrant(qdrant_url: str) -> Iterator[QdrantClient]:
    client = QdrantClient(url=qdrant_url, check_compatibility=False, timeout=60)
    yield client
    client.close()


@pytest.fixture
def alias(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W+", "-", request.node.name)[:60]


@pytest.fixture
def proxy(embed: Service) -> Iterator[FaultProxy]:
    with FaultProxy(embed.server.url) as proxy:
        yield proxy


@pytest.fixture
def migrate(qdrant_url: str, embed: Service, alias: str, tmp_path: Path) -> Migration:
    return Migration(qdrant_url, embed.server.url, alias, tmp_path / "migration")
