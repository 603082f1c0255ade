"""What is installed is served as sentence-transformers computes it, or refused: miniatures with random weights."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.base.modules import Dense
from sentence_transformers.sentence_transformer.modules import Normalize

from bentos.common.backends.interface import Outputs
from bentos.common.backends.torch import TorchCrossEncoder, TorchEncoder
from bentos.common.models.store import InstalledModel, list_installed
from scripts.command import CommandError, UsageError
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import (
    FAMILIES,
    edit_json,
    transformers_tokenizer,
    write_cross_encoder,
    write_encoder,
    write_transformer,
)
from scripts.models.rows import ModelRows
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

TEXTS = ["Wie machen Pflanzen Zucker?", "a", "Plants TURN Light, and <pad> [PAD] </s>, into sugar", "sugar " * 300]


def installed(folder: Path, home: Path, say: Any = print, **wishes: Any) -> InstalledModel:
    return install(LocalFolder(folder, "local/miniature"), Wishes(**wishes), say, home=home)


def served(model: InstalledModel, texts: Sequence[str]) -> Outputs:
    """Vectors as the service computes them, with the model's passage prompt."""
    backend = TorchEncoder(model.path, device="cpu", precision="fp32", threads=1)
    return backend.infer(ModelRows(model).of("passage", texts))


def refusal(folder: Path, home: Path) -> str:
    with pytest.raises(UsageError) as refused:
        installed(folder, home)
    assert list_installed(home) == ([], [])
    return str(refused.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_encoder_of_each_family_is_served_as_the_library_does(family: str, tmp_path: Path) -> None:
    pooling = "lasttoken" if FAMILIES[family].tokens == "end" else "mean"
    folder = write_encoder(tmp_path / "model", family, pooling=pooling, prompts={"document": "Text: "})
    model = installed(folder, tmp_path / "home")
    expected = SentenceTransformer(str(folder), device="cpu").encode_document(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(served(model, TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_cross_encoder_of_each_family_is_served_as_the_library_does(family: str, tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model", family)
    model = installed(folder, tmp_path / "home")
    pairs = [(TEXTS[0], text) for text in TEXTS[:3]]
    backend = TorchCrossEncoder(model.path, device="cpu", precision="fp32", threads=1)
    logits = backend.infer(ModelRows(model).of_pairs(pairs))[:, 0]
    scores = CrossEncoder(str(folder), device="cpu").predict(pairs)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), scores, atol=1e-5)


def test_modules_behind_the_pooling_are_applied(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "distilbert", Dense(32, 16), Normalize())
    model = installed(folder, tmp_path / "home")
    assert model.profile.dimension == 16
    np.testing.assert_allclose(
        served(model, TEXTS), SentenceTransformer(str(folder), device="cpu").encode(TEXTS), atol=1e-5
    )


@pytest.mark.parametrize("head", ["encoder", "cross-encoder"])
def test_missing_weights_are_named(head: str, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model") if head == "encoder" else write_cross_encoder(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    lost = next(name for name in weights if "layer.1.attention.self.query.weight" in name)
    del weights[lost]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "lacks 1 of the model's weights, such as " in (sentence := refusal(folder, tmp_path / "home"))
    assert "layer.1.attention.self.query.weight" in sentence


def test_only_a_cross_encoder_needs_the_weights_of_its_pooler(tmp_path: Path) -> None:
    encoder, reranker = write_encoder(tmp_path / "encoder"), write_cross_encoder(tmp_path / "reranker")
    for folder in (encoder, reranker):
        weights = load_file(folder / "model.safetensors")
        kept = {name: tensor for name, tensor in weights.items() if "pooler" not in name}
        assert len(kept) == len(weights) - 2
        save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert installed(encoder, tmp_path / "home").profile.kind == "encoder"
    assert "bert.pooler.dense.bias" in refusal(reranker, tmp_path / "other")


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    edit_json(folder / "config.json", intermediate_size=48)
    assert refusal(folder, tmp_path / "home").startswith("The model does not load: ")


def test_a_chat_template_of_an_encoder_that_is_applied_by_the_library_is_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "qwen3", pooling="lasttoken")
    (folder / "chat_template.jinja").write_text("{{ messages[0].content }}")
    states = {"method": "forward", "method_output_name": "last_hidden_state"}
    edit_json(
        folder / "sentence_bert_config.json",
        modality_config={"text": states, "message": states | {"format": "flat"}},
        module_output_name="token_embeddings",
    )
    assert "puts its inputs into a chat template" in refusal(folder, tmp_path / "home")


def test_a_tokenizer_is_the_one_that_transformers_builds(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    edit_json(folder / "sentence_bert_config.json", do_lower_case=True)
    lines: list[str] = []
    model = installed(folder, tmp_path / "home", lines.append)
    assert "  replaced tokenizer.json, which gives other tokens than the tokenizer that transformers builds" in lines
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(served(model, TEXTS), expected, atol=1e-5)
    assert json.loads((folder / "tokenizer.json").read_text()) == json.loads(
        transformers_tokenizer("bert").backend_tokenizer.to_str()
    ), "the folder's own file is left as it was"


def test_a_token_that_transformers_adds_is_in_the_file(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", vocab_size=len(transformers_tokenizer("bert")) + 1)
    edit_json(folder / "tokenizer_config.json", additional_special_tokens=["<new>"])
    lines: list[str] = []
    model = installed(folder, tmp_path / "home", lines.append)
    assert "  replaced tokenizer.json, which gives other tokens than the tokenizer that transformers builds" in lines
    texts = ["a <new> token", "sugar"]
    expected = SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(served(model, texts), expected, atol=1e-5)


def test_a_tokenizer_that_fails_on_unknown_words_is_refused_without_torch_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.models.trial.has_torch", lambda: False)
    folder = write_encoder(tmp_path / "model")
    file = folder / "tokenizer.json"
    edit_json(file, model=json.loads(file.read_text())["model"] | {"unk_token": "<gone>"})
    assert "Missing [UNK] token from the vocabulary" in refusal(folder, tmp_path / "home")


@pytest.mark.parametrize(
    ("window", "expected"),
    [({"max_seq_length": 40}, 40), ({"max_seq_length": 128}, 128), ({}, 64), ({"max_seq_length": 500}, 130)],
)
def test_the_window_is_that_of_the_library(window: dict[str, int], expected: int, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    edit_json(folder / "sentence_bert_config.json", **window)
    edit_json(folder / "tokenizer_config.json", model_max_length=64)
    model = installed(folder, tmp_path / "home")
    assert model.profile.max_tokens == expected
    if expected < 130:
        vectors = SentenceTransformer(str(folder), device="cpu").encode(TEXTS, normalize_embeddings=True)
        np.testing.assert_allclose(served(model, TEXTS), vectors, atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_prompt_that_is_not_pooled_is_left_out(pooling: str, tmp_path: Path) -> None:
    folder = write_encoder(
        tmp_path / "model", pooling=pooling, include_prompt=False, prompts={"document": "Represent the text: "}
    )
    model = installed(folder, tmp_path / "home")
    assert not model.profile.include_prompt
    library = SentenceTransformer(str(folder), device="cpu")
    np.testing.assert_allclose(
        served(model, TEXTS), library.encode_document(TEXTS, normalize_embeddings=True), atol=1e-5
    )


@pytest.mark.parametrize("modules", [(), (Normalize(),), (Normalize(), Dense(32, 16))])
@pytest.mark.parametrize("similarity", ["dot", "euclidean", "manhattan"])
def test_vectors_that_are_not_compared_by_the_cosine_alone_keep_their_length(
    similarity: str, modules: tuple[Any, ...], tmp_path: Path
) -> None:
    folder = write_encoder(tmp_path / "model", "bert", *modules, more={"similarity_fn_name": similarity})
    model = installed(folder, tmp_path / "home")
    assert model.profile.normalized == (len(modules) == 1)
    expected = SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(served(model, TEXTS), expected, rtol=1e-4, atol=1e-5)


def test_a_folder_without_modules_says_which_pooling_is_assumed(tmp_path: Path) -> None:
    lines: list[str] = []
    installed(write_transformer(tmp_path / "model", "bert"), tmp_path / "home", lines.append)
    assert "  no modules.json: pooling mean is assumed, as sentence-transformers does" in lines


def test_prompts_that_are_not_used_are_named(tmp_path: Path) -> None:
    prompts = {"query": "Q: ", "document": "D: ", "clustering": "C: ", "sts": ""}
    folder = write_encoder(tmp_path / "model", prompts=prompts)
    lines: list[str] = []
    assert installed(folder, tmp_path / "home", lines.append).profile.prompts == {"query": "Q: ", "passage": "D: "}
    assert [line for line in lines if "is not used" in line] == [
        "  prompt clustering 'C: ' is not used (--query-prompt and --passage-prompt put others)"
    ]


@pytest.mark.parametrize("name", ["query", "passage"])
@pytest.mark.parametrize("torch", [True, False])
def test_a_prompt_that_leaves_a_text_less_than_half_of_the_window_is_refused(
    name: str, torch: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.models.trial.has_torch", lambda: torch)
    folder = write_encoder(tmp_path / "model", prompts={"query": "a a a a a a", "document": "a"})
    assert len(transformers_tokenizer("bert").encode("a a a a a a")) == 8, "with the special tokens half of 16"
    assert installed(folder, tmp_path / "home", max_tokens=16).profile.max_tokens == 16

    with pytest.raises(UsageError) as refused:
        installed(folder, tmp_path / "other", max_tokens=16, **{f"{name}_prompt": "a a a a a a a"})
    assert str(refused.value) == (
        f"The prompt of a {name} takes 9 tokens with the special ones, more than half of the window of 16: "
        f"use a shorter --{name}-prompt or a larger --max-tokens."
    )
    assert list_installed(tmp_path / "other") == ([], [])


def test_too_little_memory_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_encoder(tmp_path / "model")
    monkeypatch.setattr("bentos.common.backends.loading.memory_limit", lambda: 1000)
    with pytest.raises(CommandError, match=r"The model needs 0\.1 GiB at least, but this process may use 0\.0 GiB"):
        installed(folder, tmp_path / "home")
    assert list_installed(tmp_path / "home") == ([], [])
