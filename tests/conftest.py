"""Shared by all tests: a model store with the three small models, kept between runs, and both services on them.

The services are started once per session, alone and behind the gateway.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import model_stores
from tests.gateway.nginx import CLOSED_PORT, Gateway, finds_names_later
from tests.http.server import wait_for_stopped
from tests.http.services import EMBED, QUICK_STOP, RERANK, Service, running

pytest_plugins = ["tests.selection", "tests.groups", "tests.http.shared"]

# Hypothesis would fail a test for the time of an example, which says more about the machine than about the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def model_store(pytestconfig: pytest.Config) -> Path:
    """BENTOML_HOME with all-MiniLM-L6-v2, the demo reranker and the multilingual E5, and their conversions.

    Tests only read it. Converted in fp32, the models compute what the originals do, and services start without PyTorch.
    """
    in_fp32 = ("--precision", "fp32")
    return model_stores.model_store(pytestconfig, "", ("small", *in_fp32), ("small-e5", *in_fp32))


@pytest.fixture(scope="session")
def converted_store(pytestconfig: pytest.Config) -> Path:
    """BENTOML_HOME as `make models` fills it: the two small models in the fastest form, too; tests only read it."""
    return model_stores.model_store(pytestconfig, "-converted", ("small", "--precision", "auto"))


@pytest.fixture(scope="session", autouse=True)
def stopped() -> Iterator[None]:
    """At the end, no service is left that has not stopped by itself."""
    yield
    wait_for_stopped()


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def home(model_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BENTOML_HOME with the prepared models, in which services may write beside them."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(model_store / "models")
    return home


@pytest.fixture(scope="session")
def embed(home: Path, logs: Path) -> Iterator[Service]:
    with running(EMBED, EMBED.serving | QUICK_STOP, home=home, log=logs / "embed.log") as service:
        yield service


@pytest.fixture(scope="session")
def rerank(home: Path, logs: Path) -> Iterator[Service]:
    with running(RERANK, RERANK.serving | QUICK_STOP, home=home, log=logs / "rerank.log") as service:
        yield service


@pytest.fixture(scope="session")
def gateway(embed: Service, rerank: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("gateway"), embed.server.address, rerank.server.address) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def without_rerank(embed: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Rerank-service is gone; its name is unknown where nginx can start so, else its port is closed."""
    absent = "rerank-service.invalid:5556" if finds_names_later() else CLOSED_PORT
    with Gateway(tmp_path_factory.mktemp("without-rerank"), embed.server.address, absent) as gateway:
        yield gateway
