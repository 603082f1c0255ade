"""The commands and programs on the README and docs/api.md do what the pages say, as nearly as the precision allows."""

import base64
import json
import re
import subprocess
from typing import Any

import bentoml
import numpy as np
import pytest

from tests import programs
from tests.docs.console import Command, blocks, commands, on_ports
from tests.http.server import ANSWER_SECONDS, ROOT
from tests.http.services import Service

README, API = ROOT / "README.md", ROOT / "docs" / "api.md"
NEAR = 0.02
"""Digits that depend on the precision of the model: the pages show what `make serve` has."""


@pytest.fixture(scope="module")
def ports(embed: Service, rerank: Service) -> dict[int, int]:
    """Where the services are, by their usual ports."""
    return {5555: embed.server.port, 5556: rerank.server.port}


def printed(command: Command, ports: dict[int, int]) -> str:
    """What a command really prints."""
    programs.require("curl")
    done = subprocess.run(
        ["sh", "-c", command.on(ports)], capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_readme_embeds(ports: dict[int, int]) -> None:
    [command, _] = commands(README)
    found, shown = printed(command, ports), command.output
    assert len(found) == len(shown) == 60
    assert found.startswith('{"embedding":[')
    assert _numbers(found)[:3] == pytest.approx(_numbers(shown)[:3], abs=NEAR)


def test_the_readme_reranks(ports: dict[int, int]) -> None:
    [_, command] = commands(README)
    found, shown = json.loads(printed(command, ports)), json.loads(command.output)
    for name in ("score", "relevance_score"):
        scores = [[result.pop(name) for result in answer["results"]] for answer in (found, shown)]
        assert scores[0] == pytest.approx(scores[1], abs=NEAR)
    assert found.pop("latency_ms") > 0
    del shown["latency_ms"]
    assert found == shown


def test_the_page_of_the_api_embeds_as_base64(ports: dict[int, int]) -> None:
    [command] = commands(API)
    found, shown = printed(command, ports), command.output
    assert len(found) == len(shown) == 40
    assert _vector(found) == pytest.approx(_vector(shown), abs=NEAR)


def test_the_page_of_the_api_uses_bentomls_client(ports: dict[int, int]) -> None:
    [program] = blocks(API, "python")
    names: dict[str, Any] = {"bentoml": bentoml}
    exec(on_ports(program, ports), names)
    assert (names["vectors"].shape, names["vectors"].dtype) == ((2, 384), np.float32)
    assert len(names["scores"]) == 2


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text)]


def _vector(answer: str) -> list[float]:
    """First numbers of the first vector in the beginning of an answer."""
    encoded = answer.removeprefix('{"embeddings":["')
    return list(np.frombuffer(base64.b64decode(encoded[: len(encoded) // 16 * 16]), "<f4"))
