"""The packed graph against the models it was traced from."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
import torch
from numpy.typing import NDArray
from sentence_transformers.base.modules import Dense

from bentos.common.backends.interface import TokenRow
from scripts.command import UsageError
from scripts.models.conversion.graph import pack, packed_graph, pooling_of
from scripts.models.original import Original
from tests.unit.scripts.models.conversion.tiny_models import Family, tiny_cross_encoder, tiny_encoder

LENGTHS = [1, 9, 70, 2, 33]


def random_rows(*, types: bool) -> list[TokenRow]:
    random = np.random.default_rng(1)
    return [
        TokenRow(
            random.integers(1000, 30000, length).astype(np.int32),
            (np.arange(length) > length // 2).astype(np.int32) * types,
        )
        for length in LENGTHS
    ]


def run_packed(model: Original, rows: list[TokenRow], *, types: bool) -> NDArray[np.float32]:
    graph = packed_graph(model)
    compiled = openvino.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs: NDArray[np.float32] = compiled(pack(rows, pooling_of(model), uses_types=types))["outputs"]
    return outputs


def run_alone(model: Original, rows: list[TokenRow], output: str, *, types: bool) -> NDArray[np.float32]:
    found = []
    for row in rows:
        features = {"input_ids": row.ids, "attention_mask": np.ones_like(row.ids)}
        if types:
            features["token_type_ids"] = row.type_ids
        tensors = {name: torch.from_numpy(array[None].astype(np.int64)) for name, array in features.items()}
        with torch.no_grad():
            found.append(model(tensors)[output].reshape(1, -1))
    return torch.cat(found).numpy()


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_encoder_gives_the_unit_vector_of_each_sequence(tmp_path: Path, family: Family, pooling: str) -> None:
    model = tiny_encoder(tmp_path, family, pooling)
    types = family == "bert"
    rows = random_rows(types=types)
    expected = run_alone(model, rows, "sentence_embedding", types=types)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(run_packed(model, rows, types=types), expected, atol=2e-5)


@pytest.mark.parametrize("family", ["bert", "xlm-roberta"])
def test_cross_encoder_gives_the_logit_of_each_pair(tmp_path: Path, family: Family) -> None:
    model = tiny_cross_encoder(tmp_path, family)
    types = family == "bert"
    rows = random_rows(types=types)
    expected = run_alone(model, rows, "scores", types=types)
    np.testing.assert_allclose(run_packed(model, rows, types=types), expected, atol=1e-4)


def test_inputs_are_those_that_the_backend_makes(tmp_path: Path) -> None:
    graph = packed_graph(tiny_encoder(tmp_path, "xlm-roberta"))
    shapes = {name: str(port.partial_shape) for port in graph.inputs for name in port.get_names()}
    assert {name: shapes[name] for name in ("input_ids", "position_ids", "segments", "pool")} == {
        "input_ids": "[1,?]",
        "position_ids": "[1,?]",
        "segments": "[1,?]",
        "pool": "[?,?]",
    }
    assert "token_type_ids" not in shapes
    [output] = graph.outputs
    assert (output.get_names(), str(output.partial_shape)) == ({"outputs"}, "[?,32]")


def test_what_the_graph_cannot_express_is_refused_in_one_sentence(tmp_path: Path) -> None:
    refused: list[tuple[Original, str]] = [
        (tiny_encoder(tmp_path / "max", "bert", "max"), "Pooling max cannot be converted"),
        (tiny_encoder(tmp_path / "two", "bert", ("mean", "cls")), "cannot be converted"),
        (tiny_encoder(tmp_path / "dense", "bert", "mean", Dense(32, 16)), "modules Pooling, Dense"),
        (tiny_encoder(tmp_path / "distilbert", "distilbert"), "type distilbert"),
        (tiny_cross_encoder(tmp_path / "labels", "bert", labels=3), "one label"),
    ]
    for model, problem in refused:
        with pytest.raises(UsageError, match=problem) as error:
            packed_graph(model)
        assert "--precision none" in str(error.value)


def test_pooling_without_the_prompt_is_refused(tmp_path: Path) -> None:
    model = tiny_encoder(tmp_path, "bert")
    pooling: Any = model[1]
    pooling.include_prompt = False
    with pytest.raises(UsageError, match="without the prompt"):
        pooling_of(model)
