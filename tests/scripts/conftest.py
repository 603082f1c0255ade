"""Both services with a cache and with keys: what the command-line tools are run against."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from scripts.deployment import DeploymentSettings
from scripts.qdrant import QdrantSettings
from tests.http.services import Service
from tests.http.shared import LOCKED_KEYS
from tests.scripts.environment import variables

KEY = LOCKED_KEYS[0]


class Deployment(NamedTuple):
    """Both services."""

    embed: Service
    rerank: Service

    @property
    def urls(self) -> list[str]:
        """The options that name them."""
        return ["--embed-url", self.embed.server.url, "--rerank-url", self.rerank.server.url]


@pytest.fixture(scope="module", autouse=True)
def no_variables() -> Iterator[None]:
    """The tools know only what a test tells them, whatever the developer's shell has set."""
    with pytest.MonkeyPatch.context() as patch:
        for settings in (DeploymentSettings, QdrantSettings):
            for name in variables(settings):
                patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def deployment(embed: Service, rerank: Service) -> Deployment:
    """Both services without cache and keys."""
    return Deployment(embed, rerank)


@pytest.fixture(scope="session")
def locked_deployment(locked_embed: Service, locked_rerank: Service) -> Deployment:
    """Both services with a cache in memory and the key `KEY`."""
    return Deployment(locked_embed, locked_rerank)
