"""What an artefact says of itself: consistent, written and read back, under a tag of its own."""

import json
from pathlib import Path
from typing import Any

import bentoml
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bentos.common.models.profile import BadArtefact, ModelProfile, check_parts, tag_of
from tests.unit.common.profiles import MODEL_ID, REVISION, profile


@pytest.mark.parametrize(
    "changes",
    [{"dimension": None}, {"kind": "cross-encoder"}, {"unknown": 1}, {"max_tokens": 0}, {"activation_group_size": 100}],
)
def test_profile_refuses_what_contradicts_itself(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        profile(**changes)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = profile(license="mit", provenance={"source": "here"}, fidelity={"cosine": 0.999})
    written.write(tmp_path)
    assert ModelProfile.read(tmp_path) == written


def test_the_groups_of_int8_are_read_back(tmp_path: Path) -> None:
    written = profile(precision="int8", activation_group_size=128, refused_group_sizes={256: {"cosine_mean": 0.99}})
    written.write(tmp_path)
    assert ModelProfile.read(tmp_path) == written


@pytest.mark.parametrize(("precision", "size"), [("int8", 64), ("bf16", None), ("fp32", None)])
def test_a_profile_from_before_groups_were_searched_for_has_the_usual_ones(
    precision: str, size: int | None, tmp_path: Path
) -> None:
    entries = profile(precision=precision).model_dump(exclude={"activation_group_size", "refused_group_sizes"})
    (tmp_path / "duobento.json").write_text(json.dumps(entries))
    assert ModelProfile.read(tmp_path).activation_group_size == size


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "missing"), ("{", "invalid"), ('{"model_id": "x"}', "invalid"), ("\xff", "invalid")]
)
def test_a_profile_that_cannot_be_read_says_why(content: str | None, problem: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "duobento.json").write_text(content, "latin-1")
    with pytest.raises(BadArtefact, match=f"duobento.json is {problem}"):
        ModelProfile.read(tmp_path)


def test_a_folder_needs_a_tokenizer_and_weights_that_are_not_empty(tmp_path: Path) -> None:
    with pytest.raises(BadArtefact, match=r"tokenizer\.json is missing"):
        check_parts(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "openvino_model.bin").write_bytes(b"")
    with pytest.raises(BadArtefact, match="the weights are missing"):
        check_parts(tmp_path)
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(b"weights")
    check_parts(tmp_path)


def test_the_original_has_the_plain_tag_and_a_conversion_a_longer_one() -> None:
    assert profile().tag == "example--tiny-encoder:aaaaaaaaaaaa"
    assert profile(backend="openvino", precision="int8").tag == "example--tiny-encoder:aaaaaaaaaaaa-openvino-int8"


def test_a_profile_is_of_its_model_in_its_form_alone() -> None:
    assert profile().is_of(MODEL_ID.lower(), "torch", "fp32")
    assert not profile().is_of("Example/Tiny_Encoder", "torch", "fp32")
    assert not profile().is_of(MODEL_ID, "openvino", "fp32")
    assert not profile().is_of(MODEL_ID, "torch", "bf16")


@given(model_id=st.text(min_size=1, max_size=200), revision=st.text(min_size=1, max_size=60))
def test_any_model_has_a_tag_that_bentoml_takes(model_id: str, revision: str) -> None:
    tag = tag_of(model_id, revision, "openvino", "int8")
    assert str(bentoml.Tag.from_str(tag)) == tag


def test_long_names_get_distinct_tags() -> None:
    first, second = (f"organisation/{'very-' * 20}{end}" for end in ("one", "two"))
    assert tag_of(first, REVISION, "torch", "fp32") != tag_of(second, REVISION, "torch", "fp32")
