"""A reranker that is a language model: its scores are sentence-transformers', with the instruction of the request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import CrossEncoder

from scripts.models.conversion.artefact import install_precision
from scripts.models.install import Wishes, install
from scripts.models.miniatures.rerankers import write_reranker
from scripts.models.sources.folder import LocalFolder
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


@pytest.mark.parametrize("path", [path for path in PLACES if path != "/rerank"])
def test_vllms_clients_put_it_into_the_chat_templates_arguments(instructed: Service, path: str) -> None:
    name, body = PLACES[path]
    client = instructed.server.client
    plain, right = (client.post(path, json={**body, "instruction": words}).json() for words in (None, INSTRUCTION))
    assert scores(plain, name) != pytest.approx(scores(right, name), abs=SAME)
    for fields in (
        {"chat_template_kwargs": {"instruction": INSTRUCTION}},
        {"chat_template_kwargs": {"instruction": INSTRUCTION, "enable_thinking": False}, "instruction": INSTRUCTION},
        {"chat_template_kwargs": {}, "instruction": INSTRUCTION},
    ):
        answer = client.post(path, json=body | fields).raise_for_status().json()
        assert scores(answer, name) == pytest.approx(scores(right, name), abs=1e-6)


@pytest.mark.parametrize("path", [path for path in PLACES if path != "/rerank"])
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"chat_template_kwargs": {"enable_thinking": True}}, "chat_template_kwargs.enable_thinking: It would change"),
        ({"chat_template_kwargs": {"instruction": 7}}, "chat_template_kwargs.instruction: Input should be a"),
        ({"chat_template_kwargs": "Find birds."}, "chat_template_kwargs: Input should be a JSON object"),
        ({"chat_template_kwargs": {"instruction": "a"}, "instruction": "b"}, "say different things"),
    ],
    ids=str,
)
def test_other_arguments_are_refused_and_named(
    instructed: Service, path: str, fields: dict[str, object], said: str
) -> None:
    answer = instructed.server.client.post(path, json=PLACES[path][1] | fields)
    assert answer.status_code == 400
    assert said in answer.text


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/tei/rerank", {"query": QUERY, "texts": DOCUMENTS}),
        ("/rerank", {"query": QUERY, "texts": DOCUMENTS}),
        ("/predict", {"inputs": [QUERY, DOCUMENTS[0]]}),
        ("/voyage/v1/rerank", {"query": QUERY, "documents": DOCUMENTS, "model": MODEL}),
        ("/v1/ranking", {"query": {"text": QUERY}, "passages": [{"text": DOCUMENTS[0]}], "model": MODEL}),
    ],
)
@pytest.mark.parametrize("name", ["instruction", "instruct"])
def test_a_dialect_without_the_field_refuses_it_and_says_who_takes_it(
    instructed: Service, path: str, body: dict[str, object], name: str
) -> None:
    answer = instructed.server.client.post(path, json={**body, name: INSTRUCTION})
    assert answer.status_code in (400, 422)
    assert f"{name}: There is no such field here" in answer.text
    assert "/rerank, /v1/rerank, /v2/rerank and /v1/score take an instruction, as `instruction`." in answer.text


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
