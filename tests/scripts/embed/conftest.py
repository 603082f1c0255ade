"""The command on real files and a real service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.http.services import Service
from tests.migration.fault_proxy import FaultProxy
from tests.scripts.embed.parts import Embedding


@pytest.fixture
def embedding(embed: Service, tmp_path: Path) -> Embedding:
    return Embedding(embed.server.url, tmp_path)


@pytest.fixture
def proxy(embed: Service) -> Iterator[FaultProxy]:
    with FaultProxy(embed.server.url) as proxy:
        yield proxy
