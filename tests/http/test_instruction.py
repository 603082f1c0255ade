"""A reranker that is a language model: its scores are sentence-transformers', with the instruction of the request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import CrossEncoder

from scripts.models.conversion.artefact import install_precision
from scripts.models.folder import LocalFolder
from scripts.models.install import Wishes, install
from scripts.models.reranker_miniatures import write_reranker
from tests.http.services import QUICK_STOP, RERANK, Service, running

pytestmark = pytest.mark.models

MODEL = "Qwen/Qwen3-Reranker-0.6B"
QUERY = "How does a heron hunt?"
DOCUMENTS = ["It stands still and spears fish.", "A stork nests on the roof?", "5 fish"]
INSTRUCTION = "Find birds."
SAME = 1e-3
PLACES = {
    "/rerank": ("score", {"query": QUERY, "documents": DOCUMENTS}),
    "/v1/rerank": ("relevance_score", {"query": QUERY, "documents": DOCUMENTS, "model": MODEL}),
    "/v2/rerank": ("relevance_score", {"query": QUERY, "documents": DOCUMENTS, "model": MODEL}),
    "/v1/score": ("score", {"text_1": QUERY, "text_2": DOCUMENTS}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the installer completes and stores it."""
    bare = write_reranker(tmp_path_factory.mktemp("model") / "bare", template=None, layout="bare")
    home = tmp_path_factory.mktemp("home")
    model = install(LocalFolder(bare, MODEL), Wishes(), print, home=home)
    install_precision(model, "fp32", print, home=home)
    return model.path


@pytest.fixture(scope="module")
def instructed(folder: Path, logs: Path) -> Iterator[Service]:
    settings = RERANK.lean | {"RERANK_MODEL": MODEL, "CACHE_URL": "memory"}
    with running(RERANK, settings | QUICK_STOP, home=folder.parents[2], log=logs / "instructed.log") as service:
        yield service


def expected(folder: Path, instruction: str | None = None) -> list[float]:
    model: Any = CrossEncoder(str(folder), device="cpu")
    scores: list[float] = model.predict([(QUERY, text) for text in DOCUMENTS], prompt=instruction).tolist()
    return scores


def scores(answer: dict[str, Any], name: str) -> list[float]:
    results = answer.get("results") or answer["data"]
    return [result[name] for result in sorted(results, key=lambda result: result["index"])]


@pytest.mark.parametrize("path", PLACES)
def test_scores_are_those_of_the_library(instructed: Service, folder: Path, path: str) -> None:
    name, body = PLACES[path]
    for instruction in (None, INSTRUCTION):
        answer = (
            instructed.server.client.post(path, json={**body, "instruction": instruction}).raise_for_status().json()
        )
        assert scores(answer, name) == pytest.approx(expected(folder, instruction), abs=SAME)


def test_the_cache_tells_instructions_apart(instructed: Service) -> None:
    def cached(**fields: str) -> int:
        number: int = instructed.post("a document of its own", **fields).json()["cached"]
        return number

    assert [cached(), cached(), cached(instruction="x"), cached(instruction="x"), cached()] == [0, 1, 0, 1, 1]


def test_an_instruction_that_takes_half_the_window_is_refused(instructed: Service) -> None:
    answer = instructed.post("heron", instruction="birds and fish " * 60)
    assert answer.status_code == 422
    assert answer.json()["error"]["param"] == "instruction"


def test_long_documents_are_read_in_windows_of_the_prompt(instructed: Service) -> None:
    answer = instructed.post(" ".join(["the heron waits for fish"] * 200), "heron").json()
    assert answer["truncated"] == []
    assert answer["tokens"] > 512 * 2
