"""Lengths that vectors may be cut to, and a shorter window."""

import json
from pathlib import Path
from typing import Any

import pytest

from bentos.common.models.profile import ModelProfile
from scripts.command import UsageError
from scripts.models.files.matryoshka import read_dimensions
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json, write_cross_encoder, write_encoder
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of 32 dimensions and a window of 128 tokens."""
    return write_encoder(tmp_path_factory.mktemp("models") / "model")


def installed(folder: Path, home: Path, **wishes: Any) -> ModelProfile:
    return install(LocalFolder(folder, "local/miniature"), Wishes(**wishes), print, home=home).profile


@pytest.mark.parametrize(
    ("model_id", "written", "wanted", "expected"),
    [
        ("local/model", None, None, ()),
        ("local/model", [256, 64, 768], None, (64, 256)),
        ("local/model", [256, 64], [512, 128, 128], (128, 512)),
        ("local/model", [256, 64], [], ()),
        ("nomic-ai/nomic-embed-text-v1.5", None, None, (64, 128, 256, 512)),
        ("mixedbread-ai/mxbai-embed-large-v1", None, None, (64, 128, 256, 512)),
        ("Qwen/Qwen3-Embedding-0.6B", None, None, (32, 64, 128, 256, 512)),
        ("google/embeddinggemma-300m", None, None, (128, 256, 512)),
        ("google/embeddinggemma-300m-qat-q8_0-unquantized", None, None, (128, 256, 512)),
        ("nomic-ai/nomic-embed-text-v1.5-Q", None, None, (64, 128, 256, 512)),
        ("local/nomic-embed-text-v1.5-of-mine", None, None, ()),
    ],
)
def test_sizes_are_those_asked_for_or_written_or_known(
    model_id: str, written: list[int] | None, wanted: list[int] | None, expected: tuple[int, ...], tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"matryoshka_dimensions": written}))
    assert read_dimensions(tmp_path, model_id, 768, wanted) == expected


@pytest.mark.parametrize("size", [0, -8, 32, 64])
def test_a_size_that_the_model_does_not_have_is_refused(size: int, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--dimensions {size}: the model's vectors have 32"):
        installed(folder, tmp_path, dimensions=[16, size])


def test_a_cross_encoder_has_no_sizes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--dimensions is for encoders"):
        installed(write_cross_encoder(tmp_path / "model"), tmp_path / "home", dimensions=[16])


def test_sizes_are_in_the_profile(folder: Path, tmp_path: Path) -> None:
    profile = installed(folder, tmp_path, dimensions=[8, 16])
    assert (profile.dimension, profile.dimensions, profile.all_dimensions) == (32, (8, 16), [8, 16, 32])


def test_vectors_that_the_library_cuts_may_be_had_whole(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", more={"truncate_dim": 16})
    profile = installed(folder, tmp_path / "home", dimensions=[8])
    assert (profile.dimension, profile.all_dimensions) == (16, [8, 16, 32])


def test_the_window_may_be_shorter(folder: Path, tmp_path: Path) -> None:
    assert installed(folder, tmp_path, max_tokens=64).max_tokens == 64


@pytest.mark.parametrize("window", [0, 15, 129])
def test_a_window_that_the_model_does_not_have_is_refused(window: int, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--max-tokens {window}: the model takes 16 to 128 tokens"):
        installed(folder, tmp_path, max_tokens=window)


def test_a_window_of_thousands_is_installed_as_it_is(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", max_position_embeddings=8192)
    edit_json(folder / "tokenizer_config.json", model_max_length=8192)
    assert installed(folder, tmp_path / "home").max_tokens == 8192
