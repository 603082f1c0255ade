"""What a model's files say about it."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.command import UsageError
from scripts.models.files.facts import detect_kind, read_license, read_window

RERANKER = {"architectures": ["XLMRobertaForSequenceClassification"], "id2label": {"0": "LABEL_0"}}


def write(folder: Path, name: str, **content: Any) -> None:
    (folder / name).write_text(json.dumps(content))


def test_kind_follows_the_head(tmp_path: Path) -> None:
    write(tmp_path, "config.json", architectures=["XLMRobertaModel"])
    assert detect_kind(tmp_path) == "encoder"
    write(tmp_path, "config.json", **RERANKER)
    assert detect_kind(tmp_path) == "cross-encoder"
    assert detect_kind(tmp_path, "encoder") == "encoder"


def test_encoder_cannot_be_installed_as_a_reranker_with_random_weights(tmp_path: Path) -> None:
    write(tmp_path, "config.json", architectures=["BertModel"])
    with pytest.raises(UsageError, match="no scoring head"):
        detect_kind(tmp_path, "cross-encoder")


def test_classifier_with_several_labels_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "config.json", **(RERANKER | {"id2label": {"0": "no", "1": "maybe", "2": "yes"}}))
    with pytest.raises(UsageError, match="3 labels"):
        detect_kind(tmp_path)


@pytest.mark.parametrize("content", [None, "{"])
def test_missing_or_broken_config_is_refused(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UsageError, match=r"config\.json"):
        detect_kind(tmp_path)


@pytest.mark.parametrize(
    ("config", "tokenizer", "sentence", "window"),
    [
        ({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1}, 512, None, 512),
        (
            {"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1},
            int(1e30),
            8192,
            512,
        ),
        ({"model_type": "bert", "max_position_embeddings": 512, "pad_token_id": 0}, 512, 256, 256),
        ({"model_type": "bert", "max_position_embeddings": 512}, None, None, 512),
        ({"model_type": "bert", "max_position_embeddings": 512}, 128, 256, 256),
        ({"model_type": "bert", "max_position_embeddings": 512}, 8192, 8192, 512),
        ({"model_type": "modernbert", "max_position_embeddings": 8192}, 8192, None, 8192),
        ({"model_type": "t5"}, None, None, 512),
    ],
)
def test_window_is_the_librarys_and_never_exceeds_the_positions(
    tmp_path: Path, config: dict[str, Any], tokenizer: int | None, sentence: int | None, window: int
) -> None:
    write(tmp_path, "config.json", **config)
    write(tmp_path, "tokenizer_config.json", model_max_length=tokenizer)
    write(tmp_path, "sentence_bert_config.json", max_seq_length=sentence)
    assert read_window(tmp_path) == window


def test_license_comes_from_the_model_card(tmp_path: Path) -> None:
    assert read_license(tmp_path) is None
    (tmp_path / "README.md").write_text("---\nlicense: mit\ntags: [a]\n---\n# A model\n")
    assert read_license(tmp_path) == "mit"
    (tmp_path / "README.md").write_text("---\nlicense: [\n---\n# A model\n")
    assert read_license(tmp_path) is None
