"""Models that would answer wrongly are refused by their files, with one sentence that says why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize

from bentos.common.models.store import list_installed
from scripts.command import UsageError
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json, write_cross_encoder, write_encoder, write_transformer
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

Change = Callable[[Path], Any]
CUT_LEFT = {"direction": "Left", "max_length": 64, "strategy": "LongestFirst", "stride": 0}
SPARSE = "sentence_transformers.sparse_encoder.modules.SpladePooling"


def modules(*classes: str) -> Change:
    """Writes modules.json with these classes, the first in the folder itself."""

    def write(folder: Path) -> None:
        paths = ["", *(f"{number}_{name.rpartition('.')[2]}" for number, name in enumerate(classes[1:], 1))]
        entries = [
            {"idx": number, "name": str(number), "path": path, "type": name}
            for number, (path, name) in enumerate(zip(paths, classes, strict=True))
        ]
        (folder / "modules.json").write_text(json.dumps(entries))

    return write


def config(file: str, **entries: Any) -> Change:
    return lambda folder: edit_json(folder / file, **entries)


def settings(**entries: Any) -> Change:
    return config("config_sentence_transformers.json", **entries)


def refusal(folder: Path, home: Path, **wishes: Any) -> str:
    """The sentence with which a folder is refused; nothing is left behind."""
    with pytest.raises(UsageError) as refused:
        install(LocalFolder(folder, "local/miniature"), Wishes(**wishes), print, home=home)
    assert list_installed(home) == ([], [])
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


def adapter(base: str) -> Change:
    def write(folder: Path) -> None:
        (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}))
        (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")

    return write


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (settings(model_type="SparseEncoder"), "is a SparseEncoder"),
        (modules("sentence_transformers.base.modules.Transformer", SPARSE), "is a SparseEncoder"),
        (config("tokenizer_config.json", truncation_side="left"), "take truncation_side out of tokenizer_config.json"),
        (
            config("sentence_bert_config.json", processor_kwargs={"truncation_side": "left"}),
            "take truncation_side out of sentence_bert_config.json",
        ),
        (config("tokenizer.json", truncation=CUT_LEFT), "take truncation out of tokenizer.json"),
        (config("tokenizer_config.json", padding_side="left"), "take padding_side out of tokenizer_config.json"),
        (settings(model_type="MultiVectorEncoder"), "a vector for each token"),
        (modules("pylate.models.Transformer"), "a vector for each token"),
        (modules("sentence_transformers.models.WordEmbeddings"), "a tokenizer of its own (WordEmbeddings"),
        (modules("sentence_transformers.models.Router"), "has a Router"),
        (modules("sentence_transformers.models.CLIPModel"), "images and texts"),
        (config("config.json", model_type="clip"), "images and texts"),
        (
            config("config.json", quantization_config={"quant_method": "awq"}),
            "weights are quantized (awq, quantization_",
        ),
        (adapter("a/base"), "is an adapter (LoRA, adapter_config.json) of a/base: merge both"),
        (modules("custom_st.Transformer"), "code of its own (custom_st.Transformer in modules.json)"),
        (config("config.json", auto_map={"AutoModel": "modeling_qwen.Qwen2Model"}), "(modeling_qwen.Qwen2Model, auto"),
        (settings(model_type="CrossEncoder"), "no scoring head"),
        (lambda folder: (folder / "1_Pooling" / "config.json").unlink(), "names the module 1_Pooling, which has no"),
        (lambda folder: (folder / "modules.json").write_text("[1]"), "modules.json of the model is not valid"),
    ],
)
def test_an_encoder_that_would_answer_wrongly_is_refused(change: Change, words: str, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    change(folder)
    assert words in refusal(folder, tmp_path / "home")


@pytest.fixture(params=[True, False])
def with_and_without_torch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("files.tokenizer", "trial"):
        monkeypatch.setattr(f"scripts.models.{module}.has_torch", lambda: request.param)


@pytest.mark.usefixtures("with_and_without_torch")
def test_a_default_prompt_of_a_cross_encoder_is_refused(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model")
    edit_json(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)
    prompts = {"q": "query: ", "none": ""}
    settings(prompts=prompts, default_prompt_name="q")(folder)
    sentence = refusal(folder, tmp_path / "home")
    assert "puts the model's default prompt q ('query: ') before every pair" in sentence
    assert "take default_prompt_name out of config_sentence_transformers.json" in sentence
    settings(prompts=prompts, default_prompt_name="none")(folder)
    assert install(LocalFolder(folder, "local/pairs"), Wishes(), print, home=tmp_path / "home").profile.prompts == {}


@pytest.mark.usefixtures("with_and_without_torch")
@pytest.mark.parametrize("write", [write_encoder, write_cross_encoder])
def test_a_default_prompt_that_there_is_none_of_is_refused(write: Any, tmp_path: Path) -> None:
    folder = write(tmp_path / "model")
    edit_json(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)
    settings(prompts={"a": "A: "}, default_prompt_name="b")(folder)
    known = "a, document, query" if write is write_encoder else "a"
    assert refusal(folder, tmp_path / "home") == (
        "The model has no prompt 'b', which is its default_prompt_name in config_sentence_transformers.json: take that "
        f"entry out, or name one that it has ({known})."
    )
    with pytest.raises(ValueError, match="Default prompt name 'b' not found"):
        (SentenceTransformer if write is write_encoder else CrossEncoder)(str(folder), device="cpu")


def test_a_default_prompt_of_a_model_without_prompts_is_to_be_taken_out(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model")
    settings(prompts={}, default_prompt_name="b")(folder)
    assert refusal(folder, tmp_path / "home").endswith("take that entry out.")


def test_a_default_prompt_for_queries_is_always_there(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    settings(prompts={}, default_prompt_name="query")(folder)
    assert install(LocalFolder(folder, "local/blank"), Wishes(), print, home=tmp_path / "home").profile.prompts == {}


@pytest.mark.usefixtures("with_and_without_torch")
@pytest.mark.parametrize("declared", [True, False])
def test_a_chat_template_of_an_encoder_is_refused(declared: bool, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model") if declared else write_transformer(tmp_path / "model", "bert")
    edit_json(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", do_lower_case=False)
    (folder / "chat_template.jinja").write_text("{% for message in messages %}says {{ message.content }}{% endfor %}")
    if declared:
        install(LocalFolder(folder, "local/unused"), Wishes(), print, home=tmp_path / "unused")
        states = {"method": "forward", "method_output_name": "last_hidden_state"}
        config(
            "sentence_bert_config.json",
            modality_config={"text": states, "message": states | {"format": "flat"}},
            module_output_name="token_embeddings",
        )(folder)
    assert "puts its inputs into a chat template" in refusal(folder, tmp_path / "home")


def test_a_cross_encoder_that_scores_by_a_dense_of_its_own_is_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "bert", Dense(32, 1, module_output_name="scores"))
    settings(model_type="CrossEncoder")(folder)
    assert "by a Dense behind a Pooling" in refusal(folder, tmp_path / "home")


def test_a_module_without_its_weights_is_named(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "bert", Dense(32, 16))
    (folder / "2_Dense" / "model.safetensors").unlink()
    assert "names the module 2_Dense, which has no weights" in refusal(folder, tmp_path / "home")


@pytest.mark.parametrize("names", [("token_embeddings",), ("sentence_embedding", "other")])
def test_a_normalize_of_other_states_is_refused(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "bert", Normalize(*names), more={"similarity_fn_name": "dot"})
    assert "2_Normalize normalizes something else than the vectors of texts" in refusal(folder, tmp_path / "home")


def test_what_a_model_is_comes_before_the_weights_that_its_folder_lacks(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    modules("sentence_transformers.sentence_transformer.modules.WordEmbeddings")(folder)
    (folder / "model.safetensors").unlink()
    assert "a tokenizer of its own (WordEmbeddings" in refusal(folder, tmp_path / "home")


def test_files_for_other_runtimes_are_no_weights(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "model-q4.gguf")
    assert "model.safetensors or pytorch_model.bin is needed, whole or in parts" in refusal(folder, tmp_path / "home")


def test_a_family_that_transformers_has_itself_needs_no_code_of_its_own(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "nomic_bert")
    edit_json(folder / "config.json", auto_map={"AutoModel": "nomic-ai/nomic-bert-2048--modeling.NomicBertModel"})
    assert install(LocalFolder(folder, "local/nomic"), Wishes(), print, home=tmp_path / "home").profile.dimension == 32


def test_a_language_model_alone_is_neither_encoder_nor_reranker(tmp_path: Path) -> None:
    folder = write_transformer(tmp_path / "model", "qwen3", "causal")
    assert "a causal language model (Qwen3ForCausalLM) without a modules.json" in refusal(folder, tmp_path / "home")


def test_a_language_model_without_the_tokens_that_it_would_score_by_is_refused(tmp_path: Path) -> None:
    folder = write_transformer(tmp_path / "model", "qwen3", "causal")
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"model_type": "CrossEncoder"}))
    assert "by the tokens yes and no, which its tokenizer lacks" in refusal(folder, tmp_path / "home")


def test_a_language_model_with_a_pooling_is_an_encoder(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "qwen3", pooling="lasttoken")
    edit_json(folder / "config.json", architectures=["Qwen3ForCausalLM"])
    assert install(LocalFolder(folder, "local/qwen"), Wishes(), print, home=tmp_path / "home").profile.kind == "encoder"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_git_lfs_pointer_says_what_to_run(name: str, tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model")
    (folder / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert f"{name} is a Git LFS pointer and not the file itself: run `git lfs pull`" in refusal(
        folder, tmp_path / "home"
    )


def test_the_old_layout_is_installed_as_the_new_one(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    expected = install(LocalFolder(folder, "local/new"), Wishes(), print, home=tmp_path / "home").profile
    inner = folder / "0_Transformer"
    inner.mkdir()
    for file in folder.iterdir():
        if file.is_file() and file.name not in ("modules.json", "config_sentence_transformers.json"):
            file.rename(inner / file.name)
    entries = json.loads((folder / "modules.json").read_text())
    entries[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(entries))

    installed = install(LocalFolder(folder, "local/old"), Wishes(), print, home=tmp_path / "home")
    assert (installed.profile.max_tokens, installed.profile.dimension) == (expected.max_tokens, expected.dimension)
    assert (installed.path / "config.json").is_file()
    assert (inner / "config.json").is_file(), "the folder itself is left as it was"
