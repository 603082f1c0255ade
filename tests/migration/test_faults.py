"""Whatever happens during a run, no point is lost and none is doubled."""

import json
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import httpx
import psutil
import pytest
from qdrant_client import QdrantClient, models

from tests.http.server import wait_for
from tests.http.services import EMBED, QUICK_STOP, Service, running
from tests.migration.fault_proxy import FaultProxy
from tests.migration.parts import Migration, assert_same_points, contact, points, seed

pytestmark = pytest.mark.tools

KILLS = 20
POINTS = 5000
LOST_REQUESTS = 24
"""Thrice as many as are sent at a time, so that some were sent again more than once."""


@pytest.mark.endurance
def test_twenty_kills_and_then_the_result_of_an_uninterrupted_run(
    qdrant: QdrantClient, migrate: Migration, alias: str, proxy: FaultProxy, tmp_path: Path
) -> None:
    """The embedded engine: killed with it, in the same process."""
    folder = tmp_path / "qdrant"
    with_engine = QdrantClient(path=str(folder))
    seed(with_engine, "kills", POINTS)
    with_engine.close()
    killed = Migration(folder, proxy.url, "kills", tmp_path / "kills")
    chance = random.Random(7)
    for _ in range(KILLS):
        kill_after(chance.randint(0, 50), killed.start("--batch-size=10", "--concurrency=2"), proxy, chance)
    went_on = re.search(r"(\d+) points written to", killed("--batch-size=10"))
    assert went_on
    assert int(went_on[1]) < POINTS  # how many depends on the machine: progress is saved twice a second
    killed("verify")
    seed(qdrant, alias, POINTS)
    migrate("--batch-size=10")
    with_engine = QdrantClient(path=str(folder))
    try:
        assert_same_points(points(with_engine, killed.target), points(qdrant, migrate.target))
    finally:
        with_engine.close()


def kill_after(batches: int, process: subprocess.Popen[bytes], proxy: FaultProxy, chance: random.Random) -> None:
    """Kill it at a random moment soon after so many batches, while it embeds, writes, or saves how far it has come."""
    seen = proxy.embedded + batches
    wait_for(lambda: proxy.embedded >= seen, "some batches are embedded")
    time.sleep(chance.uniform(0, 0.1))
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_the_service_is_killed_and_another_takes_its_place(
    qdrant: QdrantClient, qdrant_url: str, alias: str, embed: Service, home: Path, logs: Path, tmp_path: Path
) -> None:
    seed(qdrant, alias, 600)
    settings = EMBED.lean | QUICK_STOP
    with running(EMBED, settings, home=home, log=logs / "first.log") as first, FaultProxy(first.server.url) as proxy:
        migrate = Migration(qdrant_url, proxy.url, alias, tmp_path / "migration")
        process = migrate.start("--batch-size=10")
        wait_for(lambda: proxy.embedded >= 5, "some batches are embedded")
        for part in psutil.Process(first.server.process.pid).children(recursive=True):
            part.kill()
        first.server.process.kill()
        wait_for(lambda: proxy.lost >= LOST_REQUESTS, "it has tried again")
        proxy.upstream = embed.server.url
        assert process.wait(120) == 0
        migrate("verify")


def test_a_full_queue_slows_the_migration_down(
    qdrant: QdrantClient, qdrant_url: str, alias: str, frail_embed: Service, tmp_path: Path
) -> None:
    def refused() -> float:
        return frail_embed.server.metric("duobento_requests_total", route=EMBED.path, status="429")

    before = refused()
    seed(qdrant, alias, 400)
    migrate = Migration(qdrant_url, frail_embed.server.url, alias, tmp_path / "migration")
    migrate("--batch-size=50", "--concurrency=16")
    assert refused() > before
    migrate("verify")


def test_faults_of_the_service_are_retried(
    qdrant: QdrantClient, alias: str, proxy: FaultProxy, migrate: Migration
) -> None:
    seed(qdrant, alias, 200)
    migrate.variables["EMBED_SERVICE_URL"] = proxy.url
    proxy.faults = [503, 0, 502, 504, 500, 0]
    migrate("--batch-size=20")
    assert not proxy.faults
    migrate("verify")


def test_a_text_that_the_service_cannot_embed_fails_alone(
    qdrant: QdrantClient, alias: str, proxy: FaultProxy, migrate: Migration
) -> None:
    seed(qdrant, alias, 4)
    migrate.variables["EMBED_SERVICE_URL"] = proxy.url
    proxy.poison = b"Ada Lovelace"
    migrate("--concurrency=1", code=1)
    failure = json.loads(migrate.failures.read_text())
    assert failure == {"id": 0, "reason": "500 fault of a test"}
    assert points(qdrant, migrate.target).keys() == {1, 2, 3}
    proxy.poison = b""
    migrate("--retry-failed")
    migrate("verify")


def test_qdrant_is_away_for_a_moment(
    qdrant: QdrantClient, qdrant_url: str, alias: str, proxy: FaultProxy, migrate: Migration
) -> None:
    seed(qdrant, alias, 1000)
    migrate.variables["EMBED_SERVICE_URL"] = proxy.url
    process = migrate.start("--batch-size=10")
    wait_for(lambda: proxy.embedded >= 5, "some batches are embedded")
    httpx.post(f"{qdrant_url}/_faults", json=[503] * 20, trust_env=False).raise_for_status()
    assert process.wait(120) == 0
    migrate("verify")


def test_what_is_written_meanwhile_is_caught(
    qdrant: QdrantClient, alias: str, proxy: FaultProxy, migrate: Migration
) -> None:
    old = seed(qdrant, alias, 1000)
    migrate.variables["EMBED_SERVICE_URL"] = proxy.url
    process = migrate.start("--batch-size=10", "--concurrency=1")
    wait_for(lambda: proxy.embedded >= 5, "some batches are embedded")
    qdrant.set_payload(old, {"title": "Owner"}, [0])  # behind the run
    qdrant.delete(old, models.PointIdsList(points=[1]))
    new = [models.PointStruct(id=5000 + number, vector=[1.0] * 16, payload=contact(number)) for number in range(3)]
    qdrant.upsert(old, new)
    assert process.wait(120) == 0
    found = points(qdrant, migrate.target)
    assert found.keys() == {0, *range(2, 1000), 5000, 5001, 5002}
    assert found[0].payload is not None
    assert found[0].payload["title"] == "Owner"
    migrate("verify")


def test_a_late_point_without_text_fails_as_every_other(qdrant: QdrantClient, alias: str, migrate: Migration) -> None:
    old = seed(qdrant, alias, 5)
    migrate()
    qdrant.upsert(old, [models.PointStruct(id=99, vector=[1.0] * 16, payload={"name": " "})])
    assert "1 point failed" in migrate("switch", code=2)
    assert json.loads(migrate.failures.read_text()) == {"id": 99, "reason": "the template leaves no text"}
    migrate("--allow-failed", "switch")
    assert points(qdrant, alias).keys() == {*range(5)}


def test_switch_catches_what_was_written_since(qdrant: QdrantClient, alias: str, migrate: Migration) -> None:
    old = seed(qdrant, alias, 50)
    migrate()
    qdrant.set_payload(old, {"title": "Owner"}, [7])
    qdrant.upsert(old, [models.PointStruct(id=99, vector=[1.0] * 16, payload=contact(9))])
    migrate("switch")
    found = points(qdrant, alias)
    assert found[7].payload == contact(7) | {"title": "Owner"}
    assert 99 in found


def test_a_copy_whose_point_lost_its_text_is_deleted(qdrant: QdrantClient, alias: str, migrate: Migration) -> None:
    old = seed(qdrant, alias, 20)
    migrate()
    qdrant.set_payload(old, {"name": "", "title": "", "company": ""}, [7])
    assert "0 points written, 1 deleted" in migrate(code=1)
    assert points(qdrant, migrate.target).keys() == {*range(20)} - {7}
    assert json.loads(migrate.failures.read_text())["id"] == 7


def test_verification_finds_what_is_wrong(qdrant: QdrantClient, alias: str, migrate: Migration) -> None:
    seed(qdrant, alias, 50)
    migrate()
    target = migrate.target
    qdrant.delete(target, models.PointIdsList(points=[1]))
    qdrant.set_payload(target, {"title": "Owner"}, [2])
    qdrant.upsert(target, [models.PointStruct(id=3, vector=[1.0] * 384, payload=contact(3))])
    qdrant.upsert(target, [models.PointStruct(id=77, vector=[1.0] * 384, payload=contact(3))])
    said = migrate("verify", code=1)
    assert "1 point missing in the target: 1." in said
    assert "Payload or other vectors differ in 1 of 49 points: 2." in said
    assert "1 of 49 vectors not made from the points' texts." in said
    assert "The target has 1 point that the source does not have." in said


@pytest.mark.endurance
def test_fifty_thousand_points(
    qdrant: QdrantClient, qdrant_url: str, alias: str, home: Path, logs: Path, tmp_path: Path
) -> None:
    """10,000 different texts; the service's cache has the others."""
    seed(qdrant, alias, 50_000)
    settings = EMBED.serving | QUICK_STOP | {"CACHE_URL": "memory", "EMBED_THREADS": "2"}
    with running(EMBED, settings, home=home, log=logs / "many.log") as service:
        migrate = Migration(qdrant_url, service.server.url, alias, tmp_path / "migration")
        assert "50000 points written" in migrate("--batch-size=500")
        assert qdrant.count(migrate.target).count == 50_000
        assert "50000 points" in migrate("verify")
