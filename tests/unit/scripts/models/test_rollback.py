"""An install that is refused leaves the store as it was, also where the conversion is what is refused."""

from pathlib import Path

import pytest

from bentos.common.models.store import InstalledModel, list_installed, models_folder
from scripts.command import CommandError
from scripts.models.conversion.artefact import install_precision
from scripts.models.fidelity.gate import LIMITS, Limit
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import write_encoder
from scripts.models.rollback import left_as_it_was
from scripts.models.sources.folder import LocalFolder
from tests.models_command import run_models_command

pytestmark = pytest.mark.models


def original(folder: Path, home: Path) -> InstalledModel:
    return install(LocalFolder(folder, "local/miniature"), Wishes(), print, home=home)


def test_a_model_that_cannot_be_converted_is_not_there_afterwards(tmp_path: Path) -> None:
    folder, home = write_encoder(tmp_path / "model", pooling="max"), tmp_path / "home"
    home.mkdir()
    done = run_models_command(home, "install", str(folder), "--precision", "auto")
    assert (done.returncode, done.stderr) == (
        2,
        "Error: Pooling max cannot be converted to OpenVINO: use --precision none.\n",
    )
    assert list_installed(home) == ([], [])
    assert not [file for file in models_folder(home).rglob("*") if file.is_file()]

    assert run_models_command(home, "install", str(folder)).returncode == 0
    again = run_models_command(home, "install", str(folder), "--precision", "auto")
    assert again.returncode == 2
    assert [model.profile.model_id for model in list_installed(home)[0]] == ["local/model"], "it was there before"


def test_a_model_whose_conversions_are_too_far_from_it_is_not_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS["encoder"], "fp32", {"cosine_mean": Limit("at least", 1.1)})
    folder, home = write_encoder(tmp_path / "model"), tmp_path / "home"
    with pytest.raises(CommandError, match="too far from the original"), left_as_it_was(home):
        install_precision(original(folder, home), "fp32", print, home=home)
    assert list_installed(home) == ([], [])

    kept = original(folder, home)
    with pytest.raises(CommandError, match="too far from the original"), left_as_it_was(home):
        install_precision(kept, "fp32", print, home=home)
    assert list_installed(home) == ([kept], [])


def test_a_model_whose_conversion_is_stopped_by_ctrl_c_is_not_there_afterwards(tmp_path: Path) -> None:
    folder, home = write_encoder(tmp_path / "model"), tmp_path / "home"

    def stopped() -> None:
        with left_as_it_was(home):
            original(folder, home)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list_installed(home) == ([], [])
