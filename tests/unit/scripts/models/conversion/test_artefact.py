"""Converting the real small models: what is stored, what is refused."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from bentos.common.backends.openvino import MODEL_FILE
from bentos.common.models.profile import ModelProfile
from bentos.common.models.store import InstalledModel, find
from scripts.command import UsageError
from scripts.models.conversion.artefact import Conversion, install_precision
from scripts.models.conversion.group_sizes import group_sizes, needs_margin
from scripts.models.fidelity.gate import LIMITS, Limit, passes
from scripts.models.verify import verify
from tests.models_command import run_models_command

pytestmark = pytest.mark.models

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
RERANKER = "duobento/small-reranker-demo"
HIDDEN = 384
"""Numbers of a hidden state of all three models."""


@pytest.fixture(scope="module")
def original(model_store: Path) -> InstalledModel:
    return find(ENCODER, home=model_store)


@pytest.fixture(scope="module")
def conversion(original: InstalledModel) -> Conversion:
    return Conversion(original, print)


@pytest.fixture(scope="module")
def home(original: InstalledModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with all-MiniLM-L6-v2 to convert into."""
    home = tmp_path_factory.mktemp("home")
    versions = home / "models" / original.path.parent.name
    versions.mkdir(parents=True)
    (versions / original.path.name).symlink_to(original.path)
    return home


@pytest.fixture(scope="module")
def int8(conversion: Conversion, home: Path) -> InstalledModel:
    installed = conversion.install("int8", home=home)
    assert installed is not None
    return installed


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_fp32_is_the_same_model(conversion: Conversion, empty: Path) -> None:
    installed = conversion.install("fp32", home=empty)
    assert installed is not None
    assert installed.profile.fidelity["cosine_min"] > 0.999999
    assert installed.profile.fidelity["top_10_overlap"] > 0.999


def test_int8_is_stored_with_all_that_a_service_needs(
    int8: InstalledModel, original: InstalledModel, home: Path
) -> None:
    assert int8.tag == f"{original.tag}-openvino-int8"
    assert find(ENCODER, backend="openvino", precision="int8", home=home) == int8
    assert {file.name for file in int8.path.iterdir()} >= {
        "openvino_model.xml",
        "openvino_model.bin",
        "modules.json",
        "tokenizer.json",
        "config.json",
        "duobento.json",
    }
    assert (int8.path / "openvino_model.bin").stat().st_size < 30_000_000

    profile = int8.profile
    assert (profile.backend, profile.precision, profile.pooling) == ("openvino", "int8", "mean")
    assert (profile.revision, profile.dimension, profile.max_tokens) == (
        original.profile.revision,
        original.profile.dimension,
        original.profile.max_tokens,
    )
    assert passes("encoder", "int8", profile.fidelity)
    assert profile.activation_group_size == 64
    assert [*profile.refused_group_sizes] == [*group_sizes("int8", HIDDEN).wider[:1]]
    assert_widest_faithful(profile)
    assert profile.provenance["source"] == f"converted from {original.tag}"
    assert {"openvino", "fidelity measured on"} <= profile.provenance.keys()
    assert profile.provenance["fidelity compared with"].startswith("sentence-transformers ")
    assert re.fullmatch(r"[0-9a-f]{64}", profile.provenance["sha256 of openvino_model.bin"])
    assert json.loads((int8.path / "duobento.json").read_text())["fidelity"] == profile.fidelity


def assert_widest_faithful(profile: ModelProfile) -> None:
    """Others were beyond the limits that they have."""
    size = profile.activation_group_size
    assert passes(profile.kind, "int8", profile.fidelity, margin=needs_margin(size))
    for other, figures in profile.refused_group_sizes.items():
        assert figures.keys() == profile.fidelity.keys()
        assert not passes(profile.kind, "int8", figures, margin=other > 64)


def test_a_model_that_stands_it_gets_the_widest_groups(
    conversion: Conversion, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS["encoder"], "int8", {"cosine_mean": Limit("at least", 0.9)})
    installed = conversion.install("int8", home=empty)
    assert installed is not None
    assert installed.profile.activation_group_size == (group_sizes("int8", HIDDEN).wider or (64,))[-1]
    assert not installed.profile.refused_group_sizes


@pytest.mark.parametrize("entries", [{}, {"activation_group_size": 128}])
def test_verify_shows_the_groups_of_the_profile_and_computes_with_them(
    entries: dict[str, int], int8: InstalledModel, original: InstalledModel, home: Path, empty: Path
) -> None:
    """A profile without is one from before groups were searched for, and its conversion is not made again."""
    shutil.copytree(home, empty, symlinks=True)
    file = empty / int8.path.relative_to(home) / "duobento.json"
    written = json.loads(file.read_text())
    refused = written.pop("refused_group_sizes")
    size = written.pop("activation_group_size")
    file.write_text(json.dumps(written | entries))

    lines: list[str] = []
    assert install_precision(original, "int8", lines.append, home=empty).path == file.parent
    assert "is installed as" in lines[0]

    lines.clear()
    wide = entries.get("activation_group_size", size)
    faithful = verify(ENCODER, "int8", lines.append, home=empty)
    assert lines[1] == f"  activations in groups of {wide}"
    figures = refused.get(str(wide), int8.profile.fidelity)
    assert faithful == passes("encoder", "int8", figures)
    assert f"  {'cosine_mean':<20} {figures['cosine_mean']:>10.6f}" in lines[2]


def test_verify_shows_which_groups_were_refused(int8: InstalledModel, home: Path) -> None:
    lines: list[str] = []
    assert verify(ENCODER, "int8", lines.append, home=home)
    if int8.profile.refused_group_sizes:
        assert lines[1] == "  activations in groups of 64; groups of 128 were refused when it was installed"


def test_narrower_groups_rescue_a_model_that_misses_a_limit_with_the_usual_ones(
    int8: InstalledModel, conversion: Conversion, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = Limit("at least", int8.profile.fidelity["cosine_mean"] + 1e-5)
    monkeypatch.setitem(LIMITS["encoder"]["int8"], "cosine_mean", limit)
    installed = conversion.install("int8", home=empty)
    if group_sizes("int8", HIDDEN).narrower:
        assert installed is not None
        assert installed.profile.activation_group_size == 32
        assert [*installed.profile.refused_group_sizes] == [64]
    else:
        assert installed is None


def test_reranker_in_int8_keeps_the_order(model_store: Path, empty: Path) -> None:
    original = find(RERANKER, home=model_store)
    lines: list[str] = []
    installed = install_precision(original, "auto", lines.append, home=empty)
    assert (installed.profile.precision, installed.profile.pooling) == ("int8", "first")
    assert_widest_faithful(installed.profile)
    assert installed.profile.quality == "demo"
    assert installed.profile.fidelity["kendall_tau"] > 0.95
    tried = [line.rpartition(" ")[2] for line in lines if "activations in groups of" in line]
    assert {*tried} == {str(installed.profile.activation_group_size), *map(str, installed.profile.refused_group_sizes)}

    lines.clear()
    assert install_precision(original, "auto", lines.append, home=empty) == installed
    assert lines == [f"{RERANKER} is installed as {installed.tag} (--force converts it again)"]


def test_auto_finds_a_faster_precision_than_the_one_that_is_installed(
    original: InstalledModel, conversion: Conversion, empty: Path
) -> None:
    slow = conversion.install("fp32", home=empty)
    assert slow is not None
    assert install_precision(original, "fp32", print, home=empty) == slow
    assert install_precision(original, "auto", print, home=empty).profile.precision == "int8"


def test_auto_does_not_try_again_what_was_refused(
    original: InstalledModel, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for precision in ("int8", "bf16"):
        monkeypatch.setitem(LIMITS["encoder"], precision, {"cosine_mean": Limit("at least", 1.1)})
    installed = install_precision(original, "auto", print, home=empty)
    assert installed.profile.precision == "fp32"
    lines: list[str] = []
    assert install_precision(original, "auto", lines.append, home=empty) == installed
    assert lines == [f"{ENCODER} is installed as {installed.tag} (--force converts it again)"]


def test_a_conversion_of_another_version_is_made_again(
    int8: InstalledModel, original: InstalledModel, home: Path, empty: Path
) -> None:
    shutil.copytree(home, empty, symlinks=True)
    graph = empty / int8.path.relative_to(home) / MODEL_FILE
    graph.write_text(graph.read_text().replace("key_segments", "attention_mask"))
    assert install_precision(original, "auto", print, home=empty) == find(
        ENCODER, backend="openvino", precision="int8", home=empty
    )
    assert "key_segments" in graph.read_text()


def test_damaged_weights_do_not_pass(int8: InstalledModel, home: Path, empty: Path) -> None:
    shutil.copytree(home, empty, symlinks=True)
    weights = np.memmap(empty / int8.path.relative_to(home) / "openvino_model.bin", mode="r+")
    middle = len(weights) * 3 // 4
    weights[middle : middle + len(weights) // 40] = 0
    weights.flush()

    lines: list[str] = []
    assert not verify(ENCODER, "int8", lines.append, home=empty)
    assert any("cosine_mean" in line and "beyond the limit" in line for line in lines)
    assert "beyond its limits" in lines[-1]


def test_verify_names_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"install {ENCODER} --precision bf16"):
        verify(ENCODER, "bf16", print, home=tmp_path)


def test_verify_command_fails_with_one_sentence(tmp_path: Path) -> None:
    done = run_models_command(tmp_path, "verify", "small")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"Error: Model {ENCODER} has no OpenVINO conversion: "
        f"run `python -m scripts.models install {ENCODER} --precision auto`."
    ]
