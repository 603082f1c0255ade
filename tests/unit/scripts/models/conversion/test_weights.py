"""Writing a graph in each precision, on a tiny model."""

from collections import Counter
from pathlib import Path

import openvino
import pytest

from bentos.common.backends.openvino import MODEL_FILE
from scripts.models.conversion.graph import packed_graph
from scripts.models.conversion.precision import Precision
from scripts.models.conversion.weights import write_weights
from tests.unit.scripts.models.conversion.tiny_models import tiny_encoder


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> openvino.Model:
    return packed_graph(tiny_encoder(tmp_path_factory.mktemp("tiny"), "xlm-roberta"))


def written(graph: openvino.Model, precision: Precision, folder: Path) -> tuple[Counter[str], int]:
    """Types of the constants, and the size of the weights in bytes."""
    write_weights(graph, precision, folder)
    model = openvino.Core().read_model(folder / MODEL_FILE)
    constants = [node for node in model.get_ordered_ops() if node.get_type_name() == "Constant"]
    types = Counter(node.get_element_type().get_type_name() for node in constants)
    return types, (folder / MODEL_FILE).with_suffix(".bin").stat().st_size


def test_weights_are_stored_in_the_type_of_the_precision(graph: openvino.Model, tmp_path: Path) -> None:
    # fp32 again at the end: the others leave the graph as it was.
    steps: list[tuple[Precision, str]] = [("fp32", "f32"), ("bf16", "f16"), ("int8", "u8"), ("fp32", "f32")]
    sizes = {}
    for precision, kind in steps:
        types, sizes[precision] = written(graph, precision, tmp_path)
        assert types[kind] > 0
        assert ("u8" in types) == (precision == "int8")
    assert sizes["bf16"] < 0.6 * sizes["fp32"]
    assert sizes["int8"] < 0.4 * sizes["fp32"]


def test_nothing_is_printed(graph: openvino.Model, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_weights(graph, "int8", tmp_path)
    assert capfd.readouterr().out == ""
