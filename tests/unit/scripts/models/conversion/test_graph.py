"""The packed graph against sentence-transformers in fp32, on miniatures of each family."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize

from bentos.common.backends.interface import Kind, TokenRow
from bentos.common.backends.packing import pack
from scripts.command import UsageError
from scripts.models.conversion.architecture import read_architecture
from scripts.models.conversion.graph import packed_graph, stages
from tests.unit.scripts.models.conversion.packed_runs import cosines, random_rows, run_alone, run_packed
from tests.unit.scripts.models.conversion.tiny_models import Family, saved_encoder, tiny_cross_encoder

pytestmark = pytest.mark.models

FAMILIES: list[Family] = ["bert", "roberta", "xlm-roberta", "camembert"]
PADDING_ID = 1


def check_encoder(folder: Path, rows: list[TokenRow], *, types: bool) -> None:
    expected = run_alone(SentenceTransformer(str(folder), device="cpu"), rows, types=types)
    vectors = run_packed(folder, "encoder", rows)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert cosines(vectors, expected).min() >= 0.99999


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_encoder_gives_the_unit_vector_of_each_sequence(tmp_path: Path, family: Family, pooling: str) -> None:
    types = family == "bert"
    check_encoder(saved_encoder(tmp_path, family, pooling), random_rows(types=types), types=types)


@pytest.mark.parametrize("family", FAMILIES)
def test_cross_encoder_gives_the_logit_of_each_pair(tmp_path: Path, family: Family) -> None:
    model = tiny_cross_encoder(tmp_path, family)
    types = family == "bert"
    rows = random_rows(types=types)
    expected = run_alone(model, rows, types=types)
    np.testing.assert_allclose(run_packed(tmp_path, "cross-encoder", rows), expected, atol=1e-3)


@pytest.mark.parametrize(
    "modules",
    [
        (Normalize(),),
        (Dense(32, 16), Normalize()),
        (Dense(32, 48, bias=False), Dense(48, 8)),
        (Normalize(), Dense(32, 16)),
    ],
    ids=lambda modules: "-".join(type(module).__name__ for module in modules),
)
def test_what_follows_the_pooling_is_in_the_graph(tmp_path: Path, modules: tuple[torch.nn.Module, ...]) -> None:
    torch.manual_seed(3)
    check_encoder(saved_encoder(tmp_path, "xlm-roberta", "mean", *modules), random_rows(types=False), types=False)


@pytest.mark.parametrize(
    ("similarity", "modules"), [("dot", ()), ("dot", (Dense(32, 16),)), ("euclidean", (Normalize(), Dense(32, 16)))]
)
def test_vectors_that_are_not_compared_by_the_cosine_alone_keep_their_length(
    tmp_path: Path, similarity: str, modules: tuple[torch.nn.Module, ...]
) -> None:
    folder = saved_encoder(tmp_path, "mpnet", "cls", *modules)
    settings = folder / "config_sentence_transformers.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"similarity_fn_name": similarity}))
    rows = random_rows(types=False)
    expected = run_alone(SentenceTransformer(str(folder), device="cpu"), rows, types=False)
    np.testing.assert_allclose(run_packed(folder, "encoder", rows), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["gelu_new", "gelu_pytorch_tanh", "relu"])
def test_each_activation_is_the_one_of_the_configuration(tmp_path: Path, activation: str) -> None:
    folder = saved_encoder(tmp_path, "bert", hidden_act=activation)
    check_encoder(folder, random_rows(types=True), types=True)


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta"])
def test_a_padding_token_that_a_text_spells_out_has_no_position(tmp_path: Path, family: Family) -> None:
    rows = random_rows(types=False)
    for row in rows:
        row.ids[len(row.ids) // 2 :: 5] = PADDING_ID
    check_encoder(saved_encoder(tmp_path, family), rows, types=False)


def test_a_long_window_gives_the_same_and_in_rows_of_any_even_length(tmp_path: Path) -> None:
    """Above 1,026 tokens attention is another operation, which keeps no scores."""
    folder = saved_encoder(tmp_path, "xlm-roberta", "mean", max_position_embeddings=2050)
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 2048}))
    random = np.random.default_rng(2)
    rows = [
        TokenRow(random.integers(1000, 30000, length).astype(np.int32), np.zeros(length, np.int32))
        for length in (1500, 9, 40)
    ]
    check_encoder(folder, rows, types=False)
    compiled = openvino.Core().compile_model(
        packed_graph(folder, "encoder"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    alone = [compiled(pack([row], "mean", uses_types=False))[0][0] for row in rows[1:]]
    for mates in ([5], [20, 3], [31]):
        short = [TokenRow(np.full(length, 7, np.int32), np.zeros(length, np.int32)) for length in mates]
        together = compiled(pack([*short, *rows[1:]], "mean", uses_types=False))[0]
        assert np.array_equal(together[len(short) : len(short) + 2], alone)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_the_bits_are_read_as_what_they_are(tmp_path: Path, kind: torch.dtype) -> None:
    folder = saved_encoder(tmp_path, "bert")
    weights = folder / "model.safetensors"
    save_file(
        {name: tensor.to(kind) for name, tensor in load_file(weights).items()}, weights, metadata={"format": "pt"}
    )
    rows = random_rows(types=True)
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    assert cosines(run_packed(folder, "encoder", rows), run_alone(model, rows, types=True)).min() >= 0.99999


def test_weights_in_parts_pickled_or_under_old_names_are_the_same(tmp_path: Path) -> None:
    folder = saved_encoder(tmp_path, "bert")
    rows = random_rows(types=True)
    expected = run_packed(folder, "encoder", rows)
    whole = folder / "model.safetensors"
    weights = load_file(whole)
    whole.unlink()
    torch.save(
        {f"bert.{name}".replace("Norm.weight", "Norm.gamma"): tensor for name, tensor in weights.items()},
        folder / "pytorch_model.bin",
    )
    np.testing.assert_array_equal(run_packed(folder, "encoder", rows), expected)
    names = sorted(weights)
    for number, part in enumerate((names[:20], names[20:])):
        file = folder / f"model-{number + 1:05}-of-00002.safetensors"
        save_file({name: weights[name] for name in part}, file, metadata={"format": "pt"})
    np.testing.assert_array_equal(run_packed(folder, "encoder", rows), expected)
    places = {name: f"model-{1 + (number >= 20):05}-of-00002.safetensors" for number, name in enumerate(names)}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    others = {name: 2 * tensor for name, tensor in weights.items()}
    save_file(others, folder / "model-00003-of-00003.safetensors", metadata={"format": "pt"})
    np.testing.assert_array_equal(run_packed(folder, "encoder", rows), expected, "of another version")


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_other_precisions_are_close(tmp_path: Path, precision: Any) -> None:
    folder = saved_encoder(tmp_path, "xlm-roberta", "mean", Dense(32, 16))
    rows = random_rows(types=False)
    compiled = openvino.Core().compile_model(
        packed_graph(folder, "encoder", precision), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    outputs = compiled(pack(rows, "mean", uses_types=False))["outputs"][: len(rows)]
    assert cosines(outputs, run_packed(folder, "encoder", rows)).min() > 0.99


@pytest.mark.parametrize("kind", ["encoder", "cross-encoder"])
def test_the_parts_of_the_graph_one_after_the_other_are_the_whole(tmp_path: Path, kind: Kind) -> None:
    if kind == "cross-encoder":
        tiny_cross_encoder(tmp_path / "saved", "bert")
    else:
        saved_encoder(tmp_path, "bert", "mean", Dense(32, 16), Normalize())
    folder = tmp_path / "saved"
    rows = random_rows(types=True)
    state = pack(rows, read_architecture(folder, kind).pooling, uses_types=True)
    for stage in stages(folder, kind):
        compiled = openvino.Core().compile_model(stage, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        state["hidden"] = compiled({port.get_any_name(): state[port.get_any_name()] for port in stage.inputs})[0]
    np.testing.assert_allclose(state["hidden"][: len(rows)], run_packed(folder, kind, rows), atol=1e-5)


def test_inputs_are_those_that_the_backend_makes(tmp_path: Path) -> None:
    graph = packed_graph(saved_encoder(tmp_path, "xlm-roberta"), "encoder")
    shapes = {name: str(port.partial_shape) for port in graph.inputs for name in port.get_names()}
    assert shapes == {
        "input_ids": "[1,?]",
        "position_ids": "[1,?]",
        "segments": "[1,?]",
        "key_segments": "[1,?]",
        "pool": "[?,?]",
    }
    [output] = graph.outputs
    assert (output.get_names(), str(output.partial_shape)) == ({"outputs"}, "[?,32]")


def with_config(folder: Path, **changes: Any) -> Path:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    return folder


def test_what_the_graph_cannot_express_is_refused_in_one_sentence(tmp_path: Path) -> None:
    tiny_cross_encoder(tmp_path / "labels", "bert", labels=3)
    refused: list[tuple[Path, Kind, str]] = [
        (saved_encoder(tmp_path / "max", "bert", "max"), "encoder", "Pooling max cannot be converted"),
        (saved_encoder(tmp_path / "two", "bert", ("mean", "cls")), "encoder", "cannot be converted"),
        (saved_encoder(tmp_path / "residual", "bert", "mean", Dense(32, 16, use_residual=True)), "encoder", "residual"),
        (with_config(saved_encoder(tmp_path / "other", "bert"), model_type="roformer"), "encoder", "type roformer"),
        (tmp_path / "labels", "cross-encoder", "one label"),
        (with_config(saved_encoder(tmp_path / "code", "bert"), auto_map={"AutoModel": "x.Y"}), "encoder", "own"),
        (with_config(saved_encoder(tmp_path / "act", "bert"), hidden_act="mish"), "encoder", "mish"),
        (
            with_config(saved_encoder(tmp_path / "key", "bert"), position_embedding_type="relative_key"),
            "encoder",
            "relative_key",
        ),
    ]
    for folder, kind, problem in refused:
        with pytest.raises(UsageError, match=problem) as error:
            packed_graph(folder, kind)
        assert "--precision none" in str(error.value)


def test_a_list_of_one_pooling_is_that_one(tmp_path: Path) -> None:
    folder = saved_encoder(tmp_path, "bert")
    with_config(folder / "1_Pooling", pooling_mode=["cls"])
    assert read_architecture(folder, "encoder").pooling == "first"


def test_pooling_without_the_prompt_is_refused(tmp_path: Path) -> None:
    folder = saved_encoder(tmp_path, "bert")
    with_config(folder / "1_Pooling", include_prompt=False)
    with pytest.raises(UsageError, match="without the prompt"):
        packed_graph(folder, "encoder")


def test_weights_that_are_missing_or_damaged_are_named(tmp_path: Path) -> None:
    folder = saved_encoder(tmp_path, "bert")
    file = folder / "model.safetensors"
    weights = load_file(file)
    missing = "encoder.layer.1.output.dense.weight"
    save_file({name: tensor for name, tensor in weights.items() if name != missing}, file, metadata={"format": "pt"})
    with pytest.raises(UsageError, match=f"{missing} is missing"):
        packed_graph(folder, "encoder")
    file.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")
    with pytest.raises(UsageError, match=r"model\.safetensors is not a safetensors file"):
        packed_graph(folder, "encoder")
    save_file(weights, file, metadata={"format": "pt"})
    with_config(folder, hidden_size=64)
    with pytest.raises(UsageError, match="not those of the config"):
        packed_graph(folder, "encoder")
    with_config(folder, hidden_size=32, num_hidden_layers=3)
    with pytest.raises(UsageError, match=r"encoder\.layer\.2.* is missing"):
        packed_graph(folder, "encoder")
