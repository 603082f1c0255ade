"""A new version is rolled out without anyone noticing: one replica of two is restarted while clients go on."""

from pathlib import Path

import pytest

from tests.gateway.replicas import replicas_behind_gateway, steady_clients

RESTARTS = 3


@pytest.mark.endurance
def test_restarting_one_of_two_replicas_fails_no_request(home: Path, tmp_path: Path) -> None:
    with replicas_behind_gateway(tmp_path, home) as (replicas, gateway), steady_clients(gateway.url, 8) as seen:
        for number in range(RESTARTS):
            replicas.restart(number % 2)
    assert seen.keys() <= {"200", "sent again"}, seen
    assert seen["200"] > 100 * RESTARTS
