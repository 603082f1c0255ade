"""Static models are served as sentence-transformers does it: no special tokens, no transformer, no own window."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense
from sentence_transformers.sentence_transformer.modules import Normalize

from bentos.common.backends.interface import Backend
from bentos.common.backends.openvino import OpenVINOBackend
from bentos.common.backends.torch import TorchEncoder
from bentos.common.models.store import InstalledModel, list_installed
from scripts.command import UsageError
from scripts.models.conversion.artefact import install_precision
from scripts.models.conversion.graph import write_graph
from scripts.models.files.facts import STATIC_WINDOW
from scripts.models.install import Wishes, install
from scripts.models.miniatures.static import write_model2vec, write_static
from scripts.models.rows import ModelRows
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

TEXTS = [
    "Wie machen Pflanzen Zucker?",
    "a",
    "  Plants TURN Light, and [PAD] </s>, into sugar",
    "sugar and light " * 900,
]
MODELS: dict[str, Callable[[Path], Path]] = {
    "sentence-transformers": write_static,
    "sentence-transformers, byte-level": lambda folder: write_static(folder, tokens="roberta"),
    "sentence-transformers, Dense and Normalize": lambda folder: write_static(folder, Dense(32, 16), Normalize()),
    "model2vec": lambda folder: write_model2vec(folder, weighted=False),
    "model2vec, with mapping and weights": write_model2vec,
}


def installed(folder: Path, home: Path, *, max_tokens: int | None = None) -> InstalledModel:
    return install(LocalFolder(folder, "local/static"), Wishes(max_tokens=max_tokens), print, home=home)


def converted(folder: Path, home: Path) -> tuple[InstalledModel, Backend]:
    model = install_precision(installed(folder, home), "fp32", print, home=home)
    assert model.profile.pooling == "mean"
    window = model.profile.max_tokens
    return model, OpenVINOBackend(model.path, precision="fp32", pooling="mean", threads=1, streams=1, window=window)


@pytest.mark.parametrize("write", MODELS.values(), ids=MODELS)
def test_both_backends_give_the_vectors_of_the_library(write: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = write(tmp_path / "model")
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True)
    model, graph = converted(folder, tmp_path / "home")
    rows = ModelRows(model).of("passage", TEXTS)
    torch = TorchEncoder(installed(folder, tmp_path / "home").path, device="cpu", precision="fp32", threads=1)
    for backend in (torch, graph):
        np.testing.assert_allclose(backend.infer(rows), expected, atol=1e-4)


def test_prompts_go_before_the_texts(tmp_path: Path) -> None:
    folder = write_static(tmp_path / "model")
    settings = folder / "config_sentence_transformers.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"prompts": {"document": "Text: "}}))
    expected = SentenceTransformer(str(folder), device="cpu").encode_document(TEXTS, normalize_embeddings=True)
    model, graph = converted(folder, tmp_path / "home")
    np.testing.assert_allclose(graph.infer(ModelRows(model).of("passage", TEXTS)), expected, atol=1e-4)


def test_the_table_in_8_bits_is_faithful(tmp_path: Path) -> None:
    folder = write_model2vec(tmp_path / "model")
    model = installed(folder, tmp_path / "home")
    (tmp_path / "int8").mkdir()
    write_graph(model.path, "encoder", "int8", tmp_path / "int8")
    graph = OpenVINOBackend(tmp_path / "int8", precision="int8", pooling="mean", threads=1, streams=1, window=512)
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS[:3])
    assert (graph.infer(ModelRows(model).of("passage", TEXTS[:3])) * expected).sum(axis=1).min() > 0.9999


@pytest.mark.parametrize(
    ("own", "wanted", "window"), [(None, None, STATIC_WINDOW), (40, None, 40), (40, 32, 32), (None, 64, 64)]
)
def test_the_window_is_that_of_the_tokenizer_or_as_long_as_any(
    own: int | None, wanted: int | None, window: int, tmp_path: Path
) -> None:
    folder = write_static(tmp_path / "model", window=own)
    model = installed(folder, tmp_path / "home", max_tokens=wanted)
    assert model.profile.max_tokens == window
    length = len(ModelRows(model).of("passage", TEXTS[3:])[0].ids)
    assert length == window if window < STATIC_WINDOW else 1000 < length < STATIC_WINDOW


def test_the_files_of_a_clone_are_left_as_they_are(tmp_path: Path) -> None:
    folder = write_static(tmp_path / "model", window=40)
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    installed(folder, tmp_path / "home")
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("modules.json", "is one of model2vec without a modules.json"),
        ("tokenizer.json", "has no tokenizer.json"),
        ("model.safetensors", "has no weights"),
    ],
)
def test_an_incomplete_folder_is_refused(file: str, words: str, tmp_path: Path) -> None:
    folder = write_model2vec(tmp_path / "model")
    (folder / file).unlink()
    with pytest.raises(UsageError, match=words):
        installed(folder, tmp_path / "home")
    assert list_installed(tmp_path / "home") == ([], [])
