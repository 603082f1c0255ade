"""Lengths at which sentence-transformers cuts queries and documents, besides the window."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from bentos.common.backends.torch import TorchEncoder
from bentos.common.models.store import InstalledModel
from scripts.command import UsageError
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json, write_cross_encoder, write_encoder
from scripts.models.rows import ModelRows
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

TEXTS = ["how do plants make sugar", "light and water " * 100]


def installed(folder: Path, home: Path, **wishes: Any) -> InstalledModel:
    return install(LocalFolder(folder, "local/miniature"), Wishes(**wishes), print, home=home)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"query_length": 32}, "at query_length 32 .* at a window of 128 tokens: take it out if that is as good"),
        ({"query_length": 128, "document_length": 64}, "at document_length 64 .*: take it out"),
        ({"query_length": 256}, "at query_length 256 .*: take it out"),
        ({"query_length": 64, "document_length": 64}, "at query_length 64 .*: install it with --max-tokens 64"),
        ({"query_length": 8, "document_length": 8}, "at query_length 8 .*: take it out"),
        ({"processing_kwargs": {"text": {"max_length": 20}}}, "at max_length 20 .*: install it with --max-tokens 20"),
        ({"query_expansion": {"strategy": "min", "length": 32}}, r"mask tokens \(query_expansion in "),
    ],
)
@pytest.mark.parametrize("torch", [True, False])
def test_a_length_that_is_not_the_window_is_refused(
    torch: bool, settings: dict[str, Any], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.models.files.tokenizer.has_torch", lambda: torch)
    folder = write_encoder(tmp_path / "model")
    edit_json(folder / "sentence_bert_config.json", **settings)
    with pytest.raises(UsageError, match=sentence):
        installed(folder, tmp_path / "home")


def test_one_that_is_the_window_is_served_as_the_library_does(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", prompts={"query": "Q: "})
    edit_json(folder / "sentence_bert_config.json", query_length=64, document_length=64)
    model = installed(folder, tmp_path / "home", max_tokens=64)
    backend = TorchEncoder(model.path, device="cpu", precision="fp32", threads=1)
    library = SentenceTransformer(str(folder), device="cpu")
    rows = ModelRows(model)
    for found, expected in [
        (rows.of("query", TEXTS), library.encode_query(TEXTS, normalize_embeddings=True)),
        (rows.of("passage", TEXTS), library.encode_document(TEXTS, normalize_embeddings=True)),
    ]:
        np.testing.assert_allclose(backend.infer(found), expected, atol=1e-5)


def test_a_cross_encoder_has_no_lengths_by_task(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model")
    edit_json(folder / "sentence_bert_config.json", query_length=8)
    assert installed(folder, tmp_path / "home").profile.max_tokens == 128
    edit_json(folder / "sentence_bert_config.json", processing_kwargs={"text": {"max_length": 20}})
    with pytest.raises(UsageError, match="at max_length 20"):
        installed(folder, tmp_path / "other")


def test_the_trial_compares_queries_and_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.models.install.refuse_other_lengths", lambda *_: None)
    folder = write_encoder(tmp_path / "model")
    edit_json(folder / "sentence_bert_config.json", query_length=8)
    with pytest.raises(UsageError, match="would not be served as sentence-transformers computes it"):
        installed(folder, tmp_path / "home")
