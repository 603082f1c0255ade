"""A model's files name no other files than its own, and those of a folder that is installed are never moved."""

import json
from pathlib import Path
from typing import Any

import pytest

from bentos.common.models.store import list_installed
from scripts.command import UsageError
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json, write_encoder, write_transformer
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

PATHS = ["/", "../", "0_Transformer/../../"]
"""Ways out of a model's folder; the first becomes an absolute one."""


def write_modules(folder: Path, *paths: str) -> None:
    names = ("Transformer", "Pooling")
    entries = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{name}"}
        for number, (name, path) in enumerate(zip(names, paths, strict=False))
    ]
    (folder / "modules.json").write_text(json.dumps(entries))


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def outside(way: str, tmp_path: Path) -> str:
    """A name of the folder beside the model's."""
    return f"{tmp_path}/models/outside" if way == "/" else f"{way}outside"


def refusal(folder: Path, home: Path) -> str:
    """The sentence with which a folder is refused; neither it nor what is beside it is changed."""
    before = contents(folder.parent)
    with pytest.raises(UsageError) as refused:
        install(LocalFolder(folder, "local/miniature"), Wishes(), print, home=home)
    assert contents(folder.parent) == before
    assert list_installed(home) == ([], [])
    assert len(str(refused.value).splitlines()) == 1
    return str(refused.value)


@pytest.mark.parametrize("way", PATHS)
def test_a_first_module_outside_of_the_folder_is_refused_and_not_moved(way: str, tmp_path: Path) -> None:
    write_transformer(tmp_path / "models" / "outside", "bert")
    folder = tmp_path / "models" / "model"
    folder.mkdir()
    (folder / "tokenizer_config.json").write_text("{}")
    name = outside(way, tmp_path)
    write_modules(folder, name)
    assert f"modules.json of the model names {name}, which is outside" in refusal(folder, tmp_path / "home")


@pytest.mark.parametrize("way", PATHS)
def test_a_later_module_outside_of_the_folder_is_refused(way: str, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "models" / "model")
    (folder / "1_Pooling").rename(tmp_path / "models" / "outside")
    name = outside(way, tmp_path)
    write_modules(folder, "", name)
    assert f"modules.json of the model names {name}, which is outside" in refusal(folder, tmp_path / "home")


@pytest.mark.parametrize("way", PATHS)
@pytest.mark.parametrize(
    ("file", "entries"),
    [
        ("model.safetensors.index.json", lambda name: {"metadata": {}, "weight_map": {"a": name}}),
        ("1_Dense/pytorch_model.bin.index.json", lambda name: {"metadata": {}, "weight_map": {"a": name}}),
        ("config.json", lambda name: {"configuration_files": [f"{name}/config.4.0.json"]}),
        ("tokenizer_config.json", lambda name: {"fast_tokenizer_files": [f"{name}/tokenizer.4.0.json"]}),
        ("sentence_bert_config.json", lambda name: {"tokenizer_name_or_path": name}),
        ("sentence_bert_config.json", lambda name: {"processor_kwargs": {"tokenizer_file": f"{name}/tokenizer.json"}}),
    ],
)
def test_a_file_that_names_one_outside_of_the_folder_is_refused(
    file: str, entries: Any, way: str, tmp_path: Path
) -> None:
    write_transformer(tmp_path / "models" / "outside", "bert")
    folder = write_encoder(tmp_path / "models" / "model")
    name = outside(way, tmp_path)
    (folder / file).parent.mkdir(exist_ok=True)
    if not (folder / file).exists():
        (folder / file).write_text("{}")
    edit_json(folder / file, **entries(name))
    assert f"{Path(file).name} of the model names {name}" in refusal(folder, tmp_path / "home")


@pytest.mark.parametrize("name", ["model.safetensors.index.json", "pytorch_model.bin.index.json"])
def test_a_part_of_the_weights_that_is_missing_is_named(name: str, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "models" / "model")
    part = f"{name.partition('.')[0]}-00002-of-00002.{name.split('.')[1]}"
    (folder / name).write_text(json.dumps({"weight_map": {"a": part}}))
    (folder / "model.safetensors").rename(folder / part.replace("00002-of", "00001-of"))
    assert f"{name} of the model names {part}, which is missing" in refusal(folder, tmp_path / "home")


def test_an_index_beside_all_weights_in_one_file_is_not_read(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    index = {"weight_map": {"a": "model-00001-of-00001.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert install(LocalFolder(folder, "local/whole"), Wishes(), print, home=tmp_path / "home").profile.dimension


def test_a_folder_of_a_module_may_be_a_link(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", pooling="cls")
    (folder / "1_Pooling").rename(tmp_path / "elsewhere")
    (folder / "1_Pooling").symlink_to(tmp_path / "elsewhere")
    installed = install(LocalFolder(folder, "local/linked"), Wishes(), print, home=tmp_path / "home")
    assert (installed.path / "1_Pooling" / "config.json").read_bytes() == (
        tmp_path / "elsewhere" / "config.json"
    ).read_bytes()


def test_the_old_layout_of_links_is_read_and_what_they_lead_to_stays(tmp_path: Path) -> None:
    folder, blobs = write_encoder(tmp_path / "model"), tmp_path / "blobs"
    for place in (blobs, folder / "0_Transformer"):
        place.mkdir()
    write_modules(folder, "0_Transformer", "1_Pooling")
    for file in [file for file in folder.rglob("*") if file.is_file()]:
        inner = file.parent == folder and file.name not in ("modules.json", "config_sentence_transformers.json")
        blob = blobs / f"{file.parent.name}-{file.name}"
        file.rename(blob)
        (folder / "0_Transformer" / file.name if inner else file).symlink_to(blob)
    before = contents(blobs) | contents(folder)
    installed = install(LocalFolder(folder, "local/links"), Wishes(), print, home=tmp_path / "home")
    assert not any(file.is_symlink() for file in installed.path.rglob("*"))
    assert contents(blobs) | contents(folder) == before
