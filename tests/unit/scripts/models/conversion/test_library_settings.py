"""What sentence_bert_config.json passes to transformers: a graph is written only of models that it does not change."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from bentos.common.models.store import list_installed
from scripts.command import UsageError
from scripts.models.conversion.architecture import read_architecture
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json, write_encoder
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

FILE = "sentence_bert_config.json"
TEXTS = ["how do plants make sugar", "light"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_encoder(tmp_path / "model")
    edit_json(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)
    return folder


@pytest.mark.parametrize("name", ["config_kwargs", "config_args", "model_kwargs", "model_args"])
def test_an_entry_that_changes_the_model_is_refused(name: str, folder: Path) -> None:
    edit_json(folder / FILE, **{name: {"num_hidden_layers": 1}})
    with pytest.raises(UsageError, match=f"^Models with num_hidden_layers 1 in {name} of {FILE} cannot be converted"):
        read_architecture(folder, "encoder")


@pytest.mark.parametrize(
    "settings",
    [
        {"config_kwargs": {"num_hidden_layers": 2}},
        {"config_kwargs": {"num_hidden_layers": 1}, "config_args": {}},
        {"model_kwargs": {"add_pooling_layer": False, "attn_implementation": "eager"}},
        {"model_args": {"torch_dtype": "float16"}},
    ],
)
def test_an_entry_that_changes_nothing_is_passed(settings: dict[str, Any], folder: Path) -> None:
    texts = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    edit_json(folder / FILE, **settings)
    assert read_architecture(folder, "encoder").transformer.layers == 2
    changed = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(changed, texts, atol=1e-2)  # one of them computes in fp16


@pytest.mark.parametrize(
    "settings",
    [
        {"transformer_task": "fill-mask"},
        {"module_output_name": "sentence_embedding"},
        {"modality_config": {"text": {"method": "forward", "method_output_name": "pooler_output"}}},
        {"modality_config": {"text": {"method": "get_text_features", "method_output_name": "last_hidden_state"}}},
    ],
)
def test_other_outputs_of_an_encoder_are_refused(settings: dict[str, Any], folder: Path) -> None:
    edit_json(folder / FILE, **settings)
    with pytest.raises(UsageError, match=f"^Encoders with .* in {FILE} cannot be converted"):
        read_architecture(folder, "encoder")


def test_without_torch_such_a_model_is_not_installed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("files.tokenizer", "trial", "conversion.torch_only"):
        monkeypatch.setattr(f"scripts.models.{module}.has_torch", lambda: False)
    edit_json(folder / FILE, config_kwargs={"hidden_act": "relu"})
    with pytest.raises(UsageError, match=r"hidden_act 'relu' in config_kwargs .* can be served only with PyTorch"):
        install(LocalFolder(folder, "local/miniature"), Wishes(), print, home=tmp_path / "home")
    assert list_installed(tmp_path / "home") == ([], [])
