"""Every example runs as it is."""

import json
import os
import subprocess
import sys

import pytest

from tests.clients.node import Node
from tests.gateway.nginx import CLOSED_PORT, Gateway
from tests.http.server import ANSWER_SECONDS, ROOT
from tests.http.services import Service

PYTHON = ROOT / "examples" / "python"
JAVASCRIPT = ROOT / "examples" / "javascript"
BEST = "A heron stands still and spears fish."
WORST = "The office opens at nine."
FALLS_BACK = "rerank is down, order by vectors only"


@pytest.fixture(scope="module")
def variables(gateway: Gateway, embed: Service, rerank: Service) -> dict[str, str]:
    return {
        "EMBED_SERVICE_URL": embed.server.url,
        "RERANK_SERVICE_URL": rerank.server.url,
        "CO_API_URL": gateway.url,
        "BENTOML_DO_NOT_TRACK": "True",
    }


@pytest.fixture(scope="module")
def rerank_down(variables: dict[str, str]) -> dict[str, str]:
    return variables | {"RERANK_SERVICE_URL": f"http://{CLOSED_PORT}"}


@pytest.mark.parametrize(
    ("script", "first"),
    [
        ("cohere_v1.py", "3 vectors of 384 numbers"),
        ("cohere_v2.py", "3 vectors of 384 numbers, or 48 bytes"),
        ("bentoml_client.py", "2 vectors of 384 numbers"),
        ("voyage_sdk.py", "3 vectors of 384 numbers"),
    ],
)
def test_python_embeds_and_reranks(variables: dict[str, str], script: str, first: str) -> None:
    lines = _python(script, variables)
    assert lines[0] == first
    assert len(lines) == 3
    assert lines[1].endswith(BEST)


def test_python_openai(variables: dict[str, str]) -> None:
    of_office, of_heron = (float(line.split()[0]) for line in _python("openai_sdk.py", variables))
    assert of_heron > of_office


def test_python_httpx(variables: dict[str, str]) -> None:
    lines = _python("httpx_client.py", variables)
    assert len(lines) == 3
    assert lines[0].endswith(BEST)


def test_python_with_a_model_of_ones_own_choice(variables: dict[str, str]) -> None:
    done = _run("openai_sdk.py", variables | {"EMBED_MODEL": "heron/large"})
    assert done.returncode == 1
    assert "heron/large" in done.stderr


@pytest.mark.parametrize("script", sorted(file.name for file in PYTHON.glob("*.py")))
def test_python_without_a_service_says_so_in_one_sentence(script: str) -> None:
    url = f"http://{CLOSED_PORT}"
    nothing = dict.fromkeys(("EMBED_SERVICE_URL", "RERANK_SERVICE_URL", "CO_API_URL"), url)
    done = _run(script, nothing | {"BENTOML_DO_NOT_TRACK": "True"})
    assert (done.returncode, done.stdout) == (1, "")
    [sentence] = done.stderr.splitlines()
    assert url in sentence
    assert "start the services" in sentence


def test_python_httpx_while_rerank_is_down(rerank_down: dict[str, str]) -> None:
    warning, *lines = _python("httpx_client.py", rerank_down)
    assert warning.startswith(FALLS_BACK)
    assert len(lines) == 3
    assert lines[-1].endswith(WORST)


@pytest.mark.parametrize("script", ["cohere.mjs", "openai.mjs"])
def test_javascript(node: Node, variables: dict[str, str], script: str) -> None:
    found = json.loads(node.run(JAVASCRIPT / script, variables))
    assert found["reranked"] is True
    assert len(found["results"]) == 3
    assert found["results"][0]["text"] == BEST


@pytest.mark.parametrize("script", ["cohere.mjs", "openai.mjs"])
def test_javascript_while_rerank_is_down(node: Node, rerank_down: dict[str, str], script: str) -> None:
    found = json.loads(node.run(JAVASCRIPT / script, rerank_down))
    assert found["reranked"] is False
    assert len(found["results"]) == 3
    assert found["results"][-1]["text"] == WORST


def test_every_example_is_run_and_listed() -> None:
    listed = (ROOT / "examples" / "README.md").read_text()
    here = (ROOT / "tests" / "clients" / "test_examples.py").read_text()
    files = [*PYTHON.glob("*.py"), *JAVASCRIPT.glob("*.mjs")]
    assert len(files) == 8
    assert all(file.name in listed and file.name in here for file in files)


def _python(script: str, variables: dict[str, str]) -> list[str]:
    """Lines of an example's output."""
    done = _run(script, variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _run(script: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script],
        cwd=PYTHON,
        env=os.environ | variables,
        timeout=ANSWER_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
