"""Too little memory is called that, whichever library did not get it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
import torch
from safetensors.torch import load_file

from scripts.command import CommandError, ExitCode
from scripts.models.conversion.graph import packed_graph
from scripts.models.memory import is_out_of_memory, memory_errors
from scripts.models.miniatures.families import write_transformer

pytestmark = pytest.mark.models

MORE_THAN_THERE_IS = 2**50


@pytest.mark.parametrize(
    "allocate",
    [
        lambda: np.empty(MORE_THAN_THERE_IS, np.float32),
        lambda: torch.empty(MORE_THAN_THERE_IS),
        lambda: openvino.Tensor(openvino.Type.f32, [MORE_THAN_THERE_IS]),
    ],
    ids=["numpy", "torch", "openvino"],
)
def test_each_library_is_understood(allocate: Callable[[], Any]) -> None:
    sentence = r"^There is too little memory to load the model: raise the memory limit\.$"
    with pytest.raises(CommandError, match=sentence) as raised, memory_errors():
        allocate()
    assert raised.value.exit_code is ExitCode.NEGATIVE


def test_other_errors_are_as_they_were() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as raised, memory_errors():
        torch.ones(2, 3) @ torch.ones(2, 3)
    assert not is_out_of_memory(raised.value)


def test_a_graph_for_which_there_is_no_memory_does_not_blame_the_weights(tmp_path: Path) -> None:
    folder = write_transformer(tmp_path / "model", "bert")
    weights = load_file(folder / "model.safetensors")
    # One number in the file, of which the tensor repeats itself.
    weights["embeddings.LayerNorm.weight"] = torch.ones(1, dtype=torch.bfloat16).expand(MORE_THAN_THERE_IS)
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(RuntimeError, match="can't allocate memory") as raised:
        packed_graph(folder, "encoder")
    assert is_out_of_memory(raised.value)
