"""Whatever happens during a run, no row is lost and none is doubled."""

import json
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from tests.http.server import wait_for
from tests.migration.fault_proxy import FaultProxy
from tests.scripts.embed.parts import Embedding, read, rows, write

pytestmark = pytest.mark.tools

KILLS = 3
ROWS = 1000


@pytest.mark.parametrize("wanted", ["npy", "parquet"])
@pytest.mark.slow
def test_kills_and_then_the_result_of_an_uninterrupted_run(
    embedding: Embedding, proxy: FaultProxy, tmp_path: Path, wanted: str
) -> None:
    source = write(tmp_path / "people.csv", rows(ROWS))
    killed = Embedding(proxy.url, tmp_path)
    output = tmp_path / f"killed.{wanted}"
    flags = [source, "--output", output, "--batch-size=10", "--concurrency=2"]
    chance = random.Random(7)
    for _ in range(KILLS):
        process = killed.start(*flags)
        seen = proxy.embedded + chance.randint(1, 12)
        wait_for(lambda seen=seen: proxy.embedded >= seen, "some batches are embedded")  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.7))
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert not output.exists()
    killed(*flags)
    whole = tmp_path / f"whole.{wanted}"
    embedding(source, "--output", whole, "--batch-size=10")
    assert len(read(output)) == ROWS
    assert np.abs(read(output) - read(whole)).max() < 1e-3


def test_a_killed_run_goes_on_where_it_was(embedding: Embedding, proxy: FaultProxy, tmp_path: Path) -> None:
    source = write(tmp_path / "people.jsonl", rows(600))
    output = tmp_path / "out.npy"
    process = Embedding(proxy.url, tmp_path).start(source, "-o", output, "--batch-size=1", "--concurrency=1")
    wait_for(lambda: saved(tmp_path / "out.npy.partial" / "progress.json") > 0, "progress is saved")
    process.kill()
    process.wait()
    reached = saved(tmp_path / "out.npy.partial" / "progress.json")
    assert f"600 vectors; {600 - reached} rows now" in embedding(source, "-o", output)


def saved(state: Path) -> int:
    """Rows that a run need not embed again."""
    return int(json.loads(state.read_text())["progress"]["points"]) if state.exists() else 0


def test_other_settings_do_not_go_on(embedding: Embedding, proxy: FaultProxy, tmp_path: Path) -> None:
    source = write(tmp_path / "people.jsonl", rows(50))
    stopped = Embedding(proxy.url, tmp_path)
    proxy.faults = [None] * 3 + [401]
    flags = ["-o", tmp_path / "out.npy", "--batch-size=5", "--concurrency=1"]
    stopped(source, *flags, code=2)
    assert "was begun with dimensions 384, not 64" in embedding(source, *flags, "--dimensions=64", code=2)
    embedding(source, *flags, "--dimensions=64", "--restart")
    assert read(tmp_path / "out.npy").shape == (50, 64)


def test_a_restart_that_was_stopped_goes_on(embedding: Embedding, proxy: FaultProxy, tmp_path: Path) -> None:
    source = write(tmp_path / "people.jsonl", rows(50))
    output = tmp_path / "out.npy"
    embedding(source, "-o", output)
    stopped = Embedding(proxy.url, tmp_path)
    proxy.faults = [None] * 3 + [401]
    flags = ["-o", output, "--batch-size=5", "--concurrency=1"]
    stopped(source, *flags, "--restart", code=2)
    reached = saved(tmp_path / "out.npy.partial" / "progress.json")
    assert f"50 vectors; {50 - reached} rows now" in embedding(source, *flags)


def test_two_runs_do_not_write_to_one_file(embedding: Embedding, proxy: FaultProxy, tmp_path: Path) -> None:
    source = write(tmp_path / "people.jsonl", rows(400))
    output = tmp_path / "out.npy"
    process = Embedding(proxy.url, tmp_path).start(source, "-o", output, "--batch-size=1", "--concurrency=1")
    wait_for(lambda: proxy.embedded > 0, "it has begun")
    assert "Another process is writing" in embedding(source, "-o", output, "--batch-size=1", code=2)
    process.kill()
    process.wait()
