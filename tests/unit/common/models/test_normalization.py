"""What a model's files say of the length of its vectors."""

import json
from pathlib import Path

import pytest

from bentos.common.models.normalization import ends_in_normalize
from tests.unit.common.profiles import profile

TRANSFORMER = {"idx": 0, "type": "sentence_transformers.models.Transformer"}
NORMALIZE = {"idx": 1, "type": "sentence_transformers.base.modules.normalize.Normalize"}


def write(folder: Path, content: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "modules.json").write_text(content)


@pytest.mark.parametrize(("modules", "said"), [([TRANSFORMER, NORMALIZE], True), ([NORMALIZE, TRANSFORMER], False)])
def test_the_last_module_says_it(tmp_path: Path, modules: list[object], said: bool) -> None:
    write(tmp_path, json.dumps(modules))
    assert ends_in_normalize(tmp_path, profile()) is said


@pytest.mark.parametrize("content", ["{", "[]", "{}", "[7]", '[{"type": 7}]'])
def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path, content: str) -> None:
    write(tmp_path, content)
    assert ends_in_normalize(tmp_path, profile()) is None


def test_of_a_converted_model_the_original_beside_it_says_it(tmp_path: Path) -> None:
    converted = profile(backend="openvino", precision="int8")
    folder = tmp_path / converted.tag.partition(":")[2]
    folder.mkdir()
    assert ends_in_normalize(folder, converted) is None
    write(tmp_path / profile().tag.partition(":")[2], json.dumps([TRANSFORMER, NORMALIZE]))
    assert ends_in_normalize(folder, converted) is True
