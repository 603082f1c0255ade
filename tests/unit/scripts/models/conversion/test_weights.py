"""Writing a graph in each precision, on a tiny model."""

from collections import Counter
from pathlib import Path

import numpy as np
import openvino
import openvino.opset15 as op
import pytest

from bentos.common.backends.openvino import MODEL_FILE
from scripts.models.conversion.blocks import Matrix
from scripts.models.conversion.graph import write_graph
from scripts.models.conversion.precision import Precision
from scripts.models.conversion.weights import plain, quantized
from tests.unit.scripts.models.conversion.tiny_models import saved_encoder

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_encoder(tmp_path_factory.mktemp("tiny"), "xlm-roberta")


def written(original: Path, precision: Precision, folder: Path) -> tuple[Counter[str], int]:
    """Types of the constants, and the size of the weights in bytes."""
    write_graph(original, "encoder", precision, folder)
    model = openvino.Core().read_model(folder / MODEL_FILE)
    constants = [node for node in model.get_ordered_ops() if node.get_type_name() == "Constant"]
    types = Counter(node.get_element_type().get_type_name() for node in constants)
    return types, (folder / MODEL_FILE).with_suffix(".bin").stat().st_size


def test_weights_are_stored_in_the_type_of_the_precision(original: Path, tmp_path: Path) -> None:
    steps: list[tuple[Precision, str]] = [("fp32", "f32"), ("bf16", "f16"), ("int8", "u8")]
    sizes = {}
    for precision, kind in steps:
        types, sizes[precision] = written(original, precision, tmp_path)
        assert types[kind] > 0
        assert ("u8" in types) == (precision == "int8")
    assert sizes["bf16"] < 0.6 * sizes["fp32"]
    assert sizes["int8"] < 0.4 * sizes["fp32"]


def value(node: openvino.Node, shape: tuple[int, ...]) -> np.ndarray:
    model = openvino.Model([node], [])
    result: np.ndarray = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([])[0]
    assert result.shape == shape
    return result


def test_blocks_of_rows_make_one_matrix() -> None:
    matrix = np.random.default_rng(0).normal(size=(7, 12)).astype(np.float32)
    matrix[3] = 0  # a row of a token that was never trained
    matrix[4] = np.abs(matrix[4]) + 1  # all of one sign: 0 is kept all the same
    blocks = [matrix[:2], matrix[2:3], matrix[3:]]
    assert np.array_equal(value(plain(matrix.shape, blocks), matrix.shape), matrix)
    close = value(quantized(matrix.shape, blocks), matrix.shape)
    widths = np.maximum(matrix.max(axis=1), 0) - np.minimum(matrix.min(axis=1), 0)
    assert (np.abs(close - matrix).max(axis=1) <= widths / 255).all()
    assert not close[3].any()


@pytest.mark.parametrize("matrix", [plain, quantized])
def test_chosen_rows_are_those_of_the_whole_matrix_and_gathered_before_they_are_widened(matrix: Matrix) -> None:
    """OpenVINO would gather widened rows in milliseconds, as many as it takes for the whole table."""
    table = np.random.default_rng(1).normal(size=(9, 12)).astype(np.float32)
    chosen = op.constant(np.array([[4, 0, 4, 8]], np.int32))
    rows = matrix(table.shape, [table], chosen)
    assert np.array_equal(value(rows, (1, 4, 12))[0], value(matrix(table.shape, [table], None), (9, 12))[[4, 0, 4, 8]])
    gathered = [node for node in openvino.Model([rows], []).get_ordered_ops() if node.get_type_name() == "Gather"]
    assert gathered
    assert all(node.input_value(0).get_node().get_type_name() == "Constant" for node in gathered)
