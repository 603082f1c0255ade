"""Clients of the most used frameworks, unmodified, with the settings of docs/clients.md and nothing else.

Scripts beside their packages say what each is given and what it returned: `python/with_*.py`, `javascript/vercel.mjs`.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.node import Node
from tests.gateway.nginx import Gateway
from tests.http import reference
from tests.http.server import ROOT
from tests.http.services import RERANK, Service

SAME = 0.999999
SAME_SCORE = 1e-5
TEXTS = ["The grey heron stands still and waits.", "Our office is open from nine to five.", "A stork nests here."]
QUERY = "How does a heron hunt?"
"""As in the scripts."""

_PYTHON = Path(__file__).parent / "python"
_ENVIRONMENT = _PYTHON / ".venv"
_RUN_SECONDS = 300
# They would report their use, or fetch a table of prices, at their start.
_NO_NETWORK = {
    "ANONYMIZED_TELEMETRY": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}
_ROW = re.compile(r"^\| (?P<client>[^|]+?) \|.*\| run \|$", re.M)
_FRAMEWORKS = {
    "langchain": "LangChain",
    "llama_index": "LlamaIndex",
    "haystack": "Haystack",
    "litellm": "litellm",
    "chromadb": "chromadb",
    "vercel": "Vercel AI",
}
"""Scripts, and how docs/clients.md begins the names of their clients."""

Report = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def urls(e5: Service, rerank: Service, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Variables of the scripts: where the services are, and a gateway before both."""
    with Gateway(tmp_path_factory.mktemp("e5-gateway"), e5.server.address, rerank.server.address) as gateway:
        yield {
            "EMBED_URL": e5.server.url,
            "RERANK_URL": rerank.server.url,
            "GATEWAY_URL": gateway.url,
            "RERANK_MODEL": RERANK.model,
        }


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.node if name == "vercel" else pytest.mark.frameworks)
        for name in _FRAMEWORKS
    ],
)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def found(framework: str, urls: dict[str, str], request: pytest.FixtureRequest) -> Report:
    if framework == "vercel":
        node: Node = request.getfixturevalue("node")
        return node.report("vercel.mjs", urls)
    return _python(framework, urls)


def test_vectors_are_the_native_ones(found: Report, e5: Service) -> None:
    assert found["embed"]
    for client, vectors in found["embed"].items():
        assert isinstance(vectors, dict), f"{client}: {vectors}"
        for kind, of_kind in vectors.items():
            texts = [QUERY] if kind == "query" else TEXTS
            native = e5.post(*texts, input_type=kind).json()["embeddings"]
            assert reference.least_cosine(of_kind, native) >= SAME, f"{client}, {kind}"


def test_rankings_are_the_native_ones(found: Report, framework: str, rerank: Service) -> None:
    native = rerank.post(*TEXTS, query=QUERY).json()["results"]
    assert found["rerank"] or framework == "chromadb"
    for client, ranked in found["rerank"].items():
        assert isinstance(ranked, list), f"{client}: {ranked}"
        assert [text for text, _ in ranked] == [result["document"] for result in native], client
        scores = [result["score"] for result in native]
        assert [score for _, score in ranked] == pytest.approx(scores, abs=SAME_SCORE), client


def test_an_unknown_model_is_an_error_that_says_what_to_do(found: Report) -> None:
    assert found["unknown"]
    for client, said in found["unknown"].items():
        assert "The model 'no-such-model' is not served here: ask for '" in str(said).replace('\\"', '"'), client


def test_the_page_says_run_of_these_clients_and_no_others(found: Report, framework: str) -> None:
    page = (ROOT / "docs" / "clients.md").read_text()
    embedders, rerankers = page[page.index("## As embedder") :].split("## As reranker")
    for rows, ran in ((embedders, found["embed"]), (rerankers, found["rerank"])):
        said = [client for client in _ROW.findall(rows) if client.startswith(_FRAMEWORKS[framework])]
        assert sorted(said) == sorted(ran)


def _python(framework: str, urls: dict[str, str]) -> Report:
    if not (_ENVIRONMENT / ".installed").is_file():
        pytest.skip("the frameworks' packages are missing: make client-packages installs them")
    done = subprocess.run(
        [_ENVIRONMENT / "bin" / "python", f"with_{framework}.py"],
        cwd=_PYTHON,
        env=os.environ | urls | _NO_NETWORK,
        timeout=_RUN_SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: Report = json.loads(done.stdout.splitlines()[-1])
    return found
