"""`python -m scripts.cache` on a real Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.cache.cli import app
from tests.redis_server import RedisServer, needs_redis

pytestmark = needs_redis

BIRDS = "duobento:1:embed-service:heron/bird-encoder:111111111111:torch-fp32:384:float32:"
INT8 = BIRDS.replace("torch-fp32", "openvino-int8")
RERANK = "duobento:1:rerank-service:heron/bird-encoder-2:111111111111:torch-fp32:1:float32:"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path) as server:
        yield server


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def store_entries(server: RedisServer) -> None:
    for prefix, count in ((BIRDS, 1200), (INT8, 3), (RERANK, 2)):
        for number in range(count):
            server.client.set(f"{prefix}{number:040x}", b"12345678")
    server.client.set("foreign", "1")


def test_statistics_count_every_variant_and_nothing_foreign(server: RedisServer) -> None:
    store_entries(server)
    code, output = run("stats", "--url", server.url)
    lines = [line.split() for line in output.splitlines()]
    assert code == 0
    assert [(line[0], line[1]) for line in lines] == [
        (INT8.rstrip(":"), "3"),
        (BIRDS.rstrip(":"), "1200"),
        (RERANK.rstrip(":"), "2"),
    ]
    assert all(int(line[3]) > int(line[1]) * 8 for line in lines)


def test_dropping_a_model_leaves_all_others(server: RedisServer) -> None:
    store_entries(server)
    assert run("drop", "heron/bird-encoder", "--url", server.url) == (
        0,
        "Dropped 1203 entries of heron/bird-encoder.\n",
    )
    assert server.client.dbsize() == 3
    assert run("drop", "heron/*", "--url", server.url)[1] == "Dropped 0 entries of heron/*.\n"


def test_an_empty_redis_is_said_to_be_empty(server: RedisServer) -> None:
    assert run("stats", "--url", server.url) == (0, "Redis holds no entries of the services.\n")


def test_mistakes_end_with_one_sentence(server: RedisServer) -> None:
    server.kill()
    code, said = run("stats", "--url", server.url)
    assert (code, said.partition(":")[0]) == (3, "Error")
    assert "Redis does not answer" in said
    for url, sentence in (("http://localhost", "Not the URL of a Redis"), ("memory", "There is no Redis")):
        code, said = run("--url", url, "stats")
        assert code == 2
        assert sentence in said
