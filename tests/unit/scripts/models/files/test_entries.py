"""A file of a model that is damaged, or has a value of another type, is named in one sentence."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bentos.common.models.store import list_installed
from scripts.command import UsageError
from scripts.models.conversion.architecture import read_architecture
from scripts.models.files.facts import read_json
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json, write_encoder, write_transformer
from scripts.models.miniatures.static import write_static
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

FILES = [
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer_config.json",
    "tokenizer.json",
    "1_Pooling/config.json",
]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("models") / "model", prompts={"query": "Q: "})


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "model")


def refusal(folder: Path, home: Path) -> str:
    with pytest.raises(UsageError) as refused:
        install(LocalFolder(folder, "local/miniature"), Wishes(), print, home=home)
    assert list_installed(home) == ([], [])
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", ["", "{", "[1]", "1", '"text"', "null", "[" * 100_000, b"\xff{}"])
def test_a_file_that_is_no_json_object_is_named(name: str, content: str | bytes, folder: Path, tmp_path: Path) -> None:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert refusal(folder, tmp_path / "home").startswith(f"{Path(name).name} of the model is not ")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_off_is_named(name: str, folder: Path, tmp_path: Path) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])
    assert refusal(folder, tmp_path / "home").startswith(f"{Path(name).name} of the model is not ")


@pytest.mark.parametrize(
    ("name", "entry", "value"),
    [
        ("config.json", "architectures", [1]),
        ("config.json", "auto_map", ["a"]),
        ("config.json", "id2label", "one"),
        ("config.json", "matryoshka_dimensions", ["8", "x"]),
        ("config.json", "max_position_embeddings", "many"),
        ("config.json", "max_position_embeddings", -1),
        ("config.json", "model_type", ["bert"]),
        ("config.json", "pad_token_id", "x"),
        ("config_sentence_transformers.json", "default_prompt_name", 1),
        ("config_sentence_transformers.json", "model_type", []),
        ("config_sentence_transformers.json", "prompts", ["Q: "]),
        ("config_sentence_transformers.json", "prompts", {"query": 1}),
        ("config_sentence_transformers.json", "truncate_dim", "x"),
        ("sentence_bert_config.json", "max_seq_length", "x"),
        ("sentence_bert_config.json", "processor_kwargs", []),
        ("sentence_bert_config.json", "tokenizer_args", {"model_max_length": "x"}),
        ("tokenizer_config.json", "model_input_names", 1),
        ("tokenizer_config.json", "model_max_length", "x"),
        ("tokenizer_config.json", "do_lower_case", "x"),
    ],
)
def test_an_entry_of_another_type_is_named(name: str, entry: str, value: Any, folder: Path, tmp_path: Path) -> None:
    edit_json(folder / name, **{entry: value})
    assert refusal(folder, tmp_path / "home").startswith(f"{name} of the model is not valid: {entry}")


def test_numbers_may_be_texts_and_other_entries_are_as_they_were(tmp_path: Path) -> None:
    written = {"matryoshka_dimensions": ["8", 16.0], "rope_scaling": {"type": "x"}, "architectures": None}
    (tmp_path / "config.json").write_text(json.dumps(written))
    assert read_json(tmp_path / "config.json") == written | {"matryoshka_dimensions": [8, 16]}


def test_the_tokenizer_of_a_static_model_is_named(tmp_path: Path) -> None:
    folder = write_static(tmp_path / "model")
    edit_json(folder / "tokenizer.json", truncation=[1])
    assert refusal(folder, tmp_path / "home").startswith("tokenizer.json of the model is not valid: truncation ")


@pytest.mark.parametrize("entry", [{"num_attention_heads": 0}, {"hidden_size": "x"}])
def test_a_configuration_that_is_not_of_its_family_is_named(entry: dict[str, Any], tmp_path: Path) -> None:
    folder = write_transformer(tmp_path / "model", "bert")
    edit_json(folder / "config.json", **entry)
    with pytest.raises(UsageError, match=r"^config\.json of the model is not one of the type bert \("):
        read_architecture(folder, "encoder")


def template(tokens: dict[str, Any]) -> dict[str, Any]:
    """A post-processor that puts two special tokens around a text and has the ids of these."""
    around = [{"SpecialToken": {"id": token, "type_id": 0}} for token in ("[CLS]", "[SEP]")]
    text = [{"Sequence": {"id": name, "type_id": 0}} for name in "AB"]
    single, pair = [around[0], text[0], around[1]], [around[0], *text, around[1]]
    return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens}


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("torch", [True, False])
def test_a_special_token_without_an_id_is_named(
    torch: bool, nested: bool, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.models.files.tokenizer.has_torch", lambda: torch)
    processor = template({"[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}})
    edit_json(
        folder / "tokenizer.json",
        post_processor={"type": "Sequence", "processors": [processor]} if nested else processor,
    )
    assert refusal(folder, tmp_path / "home") == (
        "tokenizer.json of the model puts '[CLS]' around each text, but the special_tokens of its post_processor have "
        "no id for it: get it again."
    )


def test_a_tokenizer_on_which_the_library_panics_is_not_one(folder: Path, tmp_path: Path) -> None:
    model = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}
    edit_json(folder / "tokenizer.json", model=model | {"continuing_subword_prefix": "long"})
    assert refusal(folder, tmp_path / "home").startswith("tokenizer.json of the model is not a tokenizer (")


def test_a_template_that_is_no_text_is_named(folder: Path, tmp_path: Path) -> None:
    edit_json(folder / "config_sentence_transformers.json", model_type="CrossEncoder")
    (folder / "modules.json").unlink()
    (folder / "chat_template.jinja").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"^chat_template\.jinja of the model is not UTF-8\.$"):
        install(LocalFolder(folder, "Qwen/Qwen3-Reranker-0.6B"), Wishes(), print, home=tmp_path / "home")
