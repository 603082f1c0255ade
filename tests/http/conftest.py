"""Each of the two services, running or not."""

import pytest

from tests.http.services import EMBED, RERANK, Kind, Service


@pytest.fixture(scope="session", params=["embed", "rerank"])
def service(request: pytest.FixtureRequest) -> Service:
    """Each of the two services."""
    chosen: Service = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture(params=[EMBED, RERANK], ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each of the two services, not started."""
    kind: Kind = request.param
    return kind
