"""Installing from a folder, in process, with the real all-MiniLM-L6-v2."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from bentos.common.models.profile import PROFILE_FILE
from bentos.common.models.store import ModelCorrupt, find, list_installed
from scripts.command import UsageError
from scripts.models.conversion.artefact import install_precision
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json, write_encoder, write_transformer
from scripts.models.presets import sources_of
from scripts.models.sources.folder import LocalFolder
from scripts.models.sources.minilm import minilm_folder
from scripts.models.sources.selection import link_files

pytestmark = pytest.mark.models

MODEL_ID = "local/minilm"
MULTILINGUAL = ["Straße über Fluß", "naïve café", "東京 タワー", "Don't stop!"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "minilm"
    folder.mkdir()
    link_files(minilm_folder()[0], folder)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def replace(file: Path, content: str) -> None:
    file.unlink()
    file.write_text(content)


def test_folder_is_installed_and_found_again(folder: Path, home: Path) -> None:
    lines: list[str] = []
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"duplicate")
    installed = install(LocalFolder(folder, MODEL_ID), Wishes(), lines.append, home=home)
    assert find(MODEL_ID, home=home) == installed
    assert (installed.profile.kind, installed.profile.dimension, installed.profile.max_tokens) == (
        "encoder",
        384,
        256,
    )
    assert not list(installed.path.rglob("*.onnx"))
    assert lines[-1].startswith(f"  installed as {installed.tag} (encoder")

    lines.clear()
    assert install(LocalFolder(folder, MODEL_ID), Wishes(), lines.append, home=home) == installed
    assert lines == [f"{MODEL_ID} is installed as {installed.tag} (--force installs it again)"]

    again = install(LocalFolder(folder, MODEL_ID), Wishes(force=True), lines.append, home=home)
    assert again.tag == installed.tag
    assert again.created > installed.created


def test_revision_and_prompts_can_be_given(folder: Path, home: Path) -> None:
    wishes = Wishes(query_prompt="ask: ", passage_prompt="")
    installed = install(LocalFolder(folder, MODEL_ID, "v1.2"), wishes, print, home=home)
    assert installed.tag == "local--minilm:v1.2"
    assert installed.profile.prompts == {"query": "ask: "}


def test_missing_fast_tokenizer_is_made_from_the_slow_one(folder: Path, home: Path) -> None:
    expected = Tokenizer.from_file(str(folder / "tokenizer.json"))
    expected.no_padding()
    (folder / "tokenizer.json").unlink()
    installed = install(LocalFolder(folder, MODEL_ID), Wishes(), print, home=home)
    made = Tokenizer.from_file(str(installed.path / "tokenizer.json"))
    for text in MULTILINGUAL:
        assert made.encode(text).ids == expected.encode(text).ids


def test_folder_without_any_tokenizer_is_refused(folder: Path, home: Path) -> None:
    for name in ("tokenizer.json", "vocab.txt", "tokenizer_config.json", "special_tokens_map.json"):
        (folder / name).unlink()
    with pytest.raises(UsageError, match=r"tokenizer\.json"):
        install(LocalFolder(folder, MODEL_ID), Wishes(), print, home=home)
    assert list_installed(home) == ([], [])


def test_model_that_does_not_load_is_refused(folder: Path, home: Path) -> None:
    replace(folder / "model.safetensors", "no tensors")
    with pytest.raises(UsageError, match=r"^The model does not load: [^\n]+$"):
        install(LocalFolder(folder, MODEL_ID), Wishes(), print, home=home)
    assert list_installed(home) == ([], [])


def test_encoder_is_not_installed_as_a_reranker(folder: Path, home: Path) -> None:
    with pytest.raises(UsageError, match="no scoring head"):
        install(LocalFolder(folder, MODEL_ID), Wishes(kind="cross-encoder"), print, home=home)


def test_folder_without_weights_is_refused(folder: Path, home: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(UsageError, match="no weights"):
        install(LocalFolder(folder, MODEL_ID), Wishes(), print, home=home)


def test_folder_without_a_model_is_refused(tmp_path: Path, home: Path) -> None:
    with pytest.raises(UsageError, match="holds no model"):
        install(LocalFolder(tmp_path, MODEL_ID), Wishes(), print, home=home)


def test_corrupt_artefact_is_installed_again_without_force(folder: Path, home: Path) -> None:
    installed = install(LocalFolder(folder, MODEL_ID), Wishes(), print, home=home)
    (installed.path / "tokenizer.json").unlink()
    with pytest.raises(ModelCorrupt):
        find(MODEL_ID, home=home)
    assert install(LocalFolder(folder, MODEL_ID), Wishes(), print, home=home) == find(MODEL_ID, home=home)


def test_what_an_earlier_version_gave_another_length_is_installed_again_without_force(
    tmp_path: Path, home: Path
) -> None:
    folder = write_encoder(tmp_path / "model", more={"similarity_fn_name": "euclidean"})
    source = LocalFolder(folder, "local/distances")
    installed = install(source, Wishes(), print, home=home)
    converted = install_precision(installed, "fp32", print, home=home)
    assert not installed.profile.normalized
    for model in (installed, converted):
        edit_json(model.path / PROFILE_FILE, normalized=True)

    again = install(source, Wishes(), print, home=home)
    assert (again.tag, again.profile.normalized) == (installed.tag, False)
    assert again.created > installed.created
    converted_again = install_precision(again, "fp32", print, home=home)
    assert (converted_again.tag, converted_again.profile.normalized) == (converted.tag, False)
    assert install(source, Wishes(), print, home=home) == again
    assert install_precision(again, "fp32", print, home=home) == converted_again


def test_without_modules_the_similarity_is_not_read(tmp_path: Path, home: Path) -> None:
    folder = write_transformer(tmp_path / "model", "bert")
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"similarity_fn_name": "dot"}))
    source = LocalFolder(folder, "local/dot")
    installed = install(source, Wishes(), print, home=home)
    assert installed.profile.normalized
    assert install(source, Wishes(), print, home=home) == installed


def test_reranker_artefact_serves_as_a_folder_of_its_own(model_store: Path, home: Path) -> None:
    path = find("duobento/small-reranker-demo", home=model_store).path
    installed = install(LocalFolder(path, "local/reranker"), Wishes(), print, home=home)
    assert (installed.profile.kind, installed.profile.prompts) == ("cross-encoder", {})
    profile = json.loads((installed.path / "duobento.json").read_text())
    assert profile["model_id"] == "local/reranker"


@pytest.mark.parametrize(
    ("name", "revision", "model_id", "problem"),
    [
        ("small", "v1", None, "small is a preset"),
        ("small", None, "a/b", "small is a preset"),
        ("no such thing", None, None, "neither a preset"),
        ("prod", None, None, "prod is not a preset: did you mean production"),
        ("smal", None, None, "smal is not a preset: did you mean small"),
        ("./nowhere", None, None, "neither a preset"),
        ("a/b", None, "c/d", "--id"),
    ],
)
def test_names_that_make_no_sense_are_refused(
    name: str, revision: str | None, model_id: str | None, problem: str
) -> None:
    with pytest.raises(UsageError, match=problem):
        sources_of(name, revision, model_id, print)


def test_packaged_models_are_found_by_their_id() -> None:
    [source] = sources_of("intfloat/Multilingual-e5-small-q4", None, None, print)
    assert source.model_id == "intfloat/multilingual-e5-small-q4"
    assert source.revision() is not None
