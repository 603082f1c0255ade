"""A tokenizer has no ids for which the weights have no row."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer
from tokenizers import AddedToken, Tokenizer

from bentos.common.backends.torch import TorchEncoder
from bentos.common.models.store import InstalledModel, list_installed
from scripts.command import UsageError
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import transformers_tokenizer, write_cross_encoder, write_encoder
from scripts.models.miniatures.static import write_model2vec, write_static
from scripts.models.rows import ModelRows
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

VOCABULARY = len(transformers_tokenizer("bert"))
IMAGE = AddedToken("<image_soft_token>", special=True)


@pytest.fixture(params=[True, False], ids=["torch", "graph"], autouse=True)
def has_torch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways of trying a model."""
    with_torch: bool = request.param
    monkeypatch.setattr("scripts.models.trial.has_torch", lambda: with_torch)
    return with_torch


def installed(folder: Path, home: Path, say: Any = print) -> InstalledModel:
    return install(LocalFolder(folder, "local/miniature"), Wishes(), say, home=home)


def add(folder: Path, token: AddedToken) -> Tokenizer:
    """Add a token behind the last one, to the file alone."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens([token])
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer


def refusal(folder: Path, home: Path) -> str:
    with pytest.raises(UsageError) as refused:
        installed(folder, home)
    assert list_installed(home) == ([], [])
    return str(refused.value)


def sentence(token: str, number: int, rows: int) -> str:
    return (
        f"tokenizer.json of the model has the token {token!r} with the id {number}, but the weights have {rows} rows, "
        "for ids below that: get both from the same place again."
    )


@pytest.mark.parametrize("write", [write_encoder, write_cross_encoder])
def test_a_word_without_a_row_is_refused(write: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "model")
    add(folder, AddedToken("photosynthesis"))
    assert refusal(folder, tmp_path / "home") == sentence("photosynthesis", VOCABULARY, VOCABULARY)


def test_a_table_that_is_shorter_than_the_vocabulary_is_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", vocab_size=VOCABULARY - 1)
    last = Tokenizer.from_file(str(folder / "tokenizer.json")).id_to_token(VOCABULARY - 1)
    assert last is not None
    assert refusal(folder, tmp_path / "home") == sentence(last, VOCABULARY - 1, VOCABULARY - 1)


def test_a_special_token_around_each_text_is_refused(tmp_path: Path) -> None:
    folder = write_static(tmp_path / "model")
    file = folder / "tokenizer.json"
    tokenizer = add(folder, AddedToken("[END]", special=True))
    state = json.loads(tokenizer.to_str())
    state["post_processor"] = {"type": "BertProcessing", "sep": ["[END]", VOCABULARY], "cls": ["[CLS]", 2]}
    file.write_text(json.dumps(state))
    # A static model adds no special tokens, so there it may go.
    assert "[END]" not in Tokenizer.from_file(str(installed(folder, tmp_path / "home").path / file.name)).get_vocab()

    encoder = write_encoder(tmp_path / "encoder")
    (encoder / file.name).write_text(file.read_text())
    assert refusal(encoder, tmp_path / "other") == sentence("[END]", VOCABULARY, VOCABULARY)


@pytest.mark.parametrize("write", [write_static, write_model2vec])
def test_a_word_without_a_row_of_a_static_model_is_refused(write: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "model")
    add(folder, AddedToken("photosynthesis"))
    assert refusal(folder, tmp_path / "home") == sentence("photosynthesis", VOCABULARY, VOCABULARY)


def test_more_rows_than_tokens_are_usual(tmp_path: Path) -> None:
    assert installed(write_encoder(tmp_path / "model", vocab_size=VOCABULARY + 7), tmp_path / "home").profile.dimension


def test_a_special_token_that_texts_do_not_have_is_taken_out(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    text = f"Plants turn {IMAGE.content} into sugar"
    expected = SentenceTransformer(str(folder), device="cpu").encode([text, "sugar"], normalize_embeddings=True)
    tokenizer = add(folder, IMAGE)
    assert VOCABULARY in tokenizer.encode(text).ids
    lines: list[str] = []
    model = installed(folder, tmp_path / "home", lines.append)
    assert f"  took {IMAGE.content} out of tokenizer.json: the weights have no rows for them" in lines
    backend = TorchEncoder(model.path, device="cpu", precision="fp32", threads=1)
    np.testing.assert_allclose(backend.infer(ModelRows(model).of("passage", [text, "sugar"])), expected, atol=1e-5)
    assert tokenizer.to_str() == Tokenizer.from_file(str(folder / "tokenizer.json")).to_str(), "the folder's own"
