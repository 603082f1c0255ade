"""The packed graph of every family against sentence-transformers in fp32, on miniatures with random weights."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from safetensors.torch import load_file, save_file
from sentence_transformers import CrossEncoder, SentenceTransformer

from bentos.common.backends.interface import Kind, Outputs, TokenRow
from bentos.common.backends.packing import pack
from scripts.command import UsageError
from scripts.models.conversion.architecture import Architecture, read_architecture
from scripts.models.conversion.families import FAMILIES
from scripts.models.conversion.graph import packed_graph, stages
from scripts.models.conversion.precision import Precision
from scripts.models.miniatures import edit_json, write_cross_encoder, write_encoder
from tests.unit.scripts.models.conversion.packed_runs import cosines, run_alone, run_packed

pytestmark = pytest.mark.models

# Longer than any window of the miniatures, than half of their buckets of distances, and than a block of keys.
LENGTHS = [1, 9, 120, 2, 33, 64]
FIRST_ORDINARY_ID = 6
VOCABULARY = 1200
PADDING_ID = {"bert": 0, "roberta": 1, "end": 1}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "electra, narrow embeddings": ("electra", {"embedding_size": 16}),
    "modernbert, with biases": ("modernbert", {"norm_bias": True, "attention_bias": True, "mlp_bias": True}),
    "modernbert, of 8,192 positions": ("modernbert", {"max_position_embeddings": 8192}),
    "deberta-v2, as v3 has it": (
        "deberta-v2",
        {
            "position_buckets": 16,
            "share_att_key": True,
            "norm_rel_ebd": "layer_norm",
            "position_biased_input": False,
            "pos_att_type": "p2c|c2p",
        },
    ),
    "deberta-v2, without distances": ("deberta-v2", {"relative_attention": False, "type_vocab_size": 2}),
    "qwen2, of 32,768 positions": ("qwen2", {"max_position_embeddings": 32_768}),
    "qwen3, with a window": ("qwen3", {"use_sliding_window": True, "sliding_window": 9, "max_window_layers": 1}),
    "qwen3, not causal": ("qwen3", {"is_causal": False}),
    "gemma3_text, causal": (
        "gemma3_text",
        {"use_bidirectional_attention": False, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "gemma3_text, of 2,048 positions": ("gemma3_text", {"max_position_embeddings": 2048}),
}
ALL = {family: (family, dict[str, Any]()) for family in FAMILIES} | VARIANTS


def random_rows(architecture: Architecture, *, padding_id: int | None = None) -> list[TokenRow]:
    random = np.random.default_rng(1)
    rows = []
    for length in LENGTHS:
        ids = random.integers(FIRST_ORDINARY_ID, VOCABULARY, length).astype(np.int32)
        if padding_id is not None:
            ids[length // 2 :: 5] = padding_id
            ids[max(length - 2, 1) :] = padding_id
        rows.append(TokenRow(ids, (np.arange(length) > length // 2).astype(np.int32) * architecture.uses_types))
    return rows


def compiled(folder: Path, kind: Kind, precision: Precision = "fp32") -> openvino.CompiledModel:
    properties = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 64 * (precision == "int8")}
    return openvino.Core().compile_model(packed_graph(folder, kind, precision), "CPU", properties)


def infer(graph: openvino.CompiledModel, architecture: Architecture, rows: list[TokenRow]) -> Outputs:
    inputs = pack(rows, architecture.pooling, uses_types=architecture.uses_types)
    outputs: Outputs = graph(inputs)[0][: len(rows)].copy()
    return outputs


@pytest.mark.parametrize("pooling", ["mean", "cls", "lasttoken"])
@pytest.mark.parametrize("name", ALL)
def test_an_encoder_gives_the_vectors_of_the_library(name: str, pooling: str, tmp_path: Path) -> None:
    family, settings = ALL[name]
    folder = write_encoder(tmp_path / "model", family, pooling=pooling, **settings)
    architecture = read_architecture(folder, "encoder")
    rows = random_rows(architecture)
    expected = run_alone(SentenceTransformer(str(folder), device="cpu"), rows, types=architecture.uses_types)
    assert cosines(run_packed(folder, "encoder", rows), expected).min() >= 0.99999


@pytest.mark.parametrize("spelled_out", [False, True], ids=["", "padding spelled out"])
@pytest.mark.parametrize("name", ALL)
def test_a_cross_encoder_gives_the_logits_of_the_library(name: str, spelled_out: bool, tmp_path: Path) -> None:
    family, settings = ALL[name]
    folder = write_cross_encoder(tmp_path / "model", family, **settings)
    architecture = read_architecture(folder, "cross-encoder")
    padding_id = PADDING_ID[_tokens(family)] if spelled_out else None
    rows = random_rows(architecture, padding_id=padding_id)
    expected = run_alone(CrossEncoder(str(folder), device="cpu"), rows, types=architecture.uses_types)
    np.testing.assert_allclose(run_packed(folder, "cross-encoder", rows), expected, atol=1e-3)


@pytest.mark.parametrize("pooling", [("eurobert", "bos"), ("eurobert", "mean"), ("modernbert", "mean")], ids="-".join)
def test_a_classifier_pools_as_its_configuration_says(pooling: tuple[str, str], tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model", pooling[0], classifier_pooling=pooling[1])
    rows = random_rows(read_architecture(folder, "cross-encoder"))
    expected = run_alone(CrossEncoder(str(folder), device="cpu"), rows, types=False)
    np.testing.assert_allclose(run_packed(folder, "cross-encoder", rows), expected, atol=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("name", ALL)
def test_a_text_has_the_same_vector_alone_and_in_any_company(name: str, precision: Precision, tmp_path: Path) -> None:
    family, settings = ALL[name]
    folder = write_encoder(tmp_path / "model", family, pooling="lasttoken", **settings)
    architecture, graph = read_architecture(folder, "encoder"), compiled(folder, "encoder", precision)
    rows = random_rows(architecture)
    alone = np.concatenate([infer(graph, architecture, [row]) for row in rows])
    for order in ([0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 4], [4, 2], [3, 3, 5]):
        together = infer(graph, architecture, [rows[index] for index in order])
        if precision == "fp32":
            assert np.array_equal(together, alone[order])
        else:  # as decision 5 says of int8 where there is no bf16
            np.testing.assert_allclose(together, alone[order], atol=2e-5)


@pytest.mark.parametrize("kind", ["encoder", "cross-encoder"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_parts_of_the_graph_one_after_the_other_are_the_whole(family: str, kind: Kind, tmp_path: Path) -> None:
    folder = (write_encoder if kind == "encoder" else write_cross_encoder)(tmp_path / "model", family)
    architecture = read_architecture(folder, kind)
    rows = random_rows(architecture)
    state = pack(rows, architecture.pooling, uses_types=architecture.uses_types)
    for stage in stages(folder, kind):
        part = openvino.Core().compile_model(stage, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        state["hidden"] = part({port.get_any_name(): state[port.get_any_name()] for port in stage.inputs})[0]
    np.testing.assert_allclose(state["hidden"][: len(rows)], run_packed(folder, kind, rows), atol=1e-5)


def test_nomic_bert_is_read_under_the_names_of_its_published_files(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", "nomic_bert")
    rows = random_rows(read_architecture(folder, "encoder"))
    expected = run_packed(folder, "encoder", rows)
    weights = load_file(folder / "model.safetensors")
    assert "encoder.layers.0.attn.Wqkv.weight" in weights or "layers.0.self_attn.q_proj.weight" in weights
    other = {}
    for name, tensor in weights.items():
        renamed = name
        for new, old in (
            ("embeddings.LayerNorm", "emb_ln"),
            ("post_attention_layernorm", "norm1"),
            ("post_mlp_layernorm", "norm2"),
            ("self_attn.o_proj", "attn.out_proj"),
            ("gate_proj", "fc12"),
            ("up_proj", "fc11"),
            ("down_proj", "fc2"),
        ):
            renamed = renamed.replace(new, old)
        other[f"encoder.{renamed}" if renamed.startswith("layers.") else renamed] = tensor
    print(sorted(weights)[:30])
    save_file(other, folder / "model.safetensors", metadata={"format": "pt"})
    np.testing.assert_array_equal(run_packed(folder, "encoder", rows), expected)


@pytest.mark.parametrize(
    ("family", "entries", "words"),
    [
        ("modernbert", {"rope_parameters": {"full_attention": {"rope_type": "yarn"}}}, "rotary positions of type yarn"),
        ("qwen3", {"rope_parameters": {"rope_type": "linear", "factor": 2}}, "rotary positions of type linear"),
        ("gemma3_text", {"attn_logit_softcapping": 50.0}, "attn_logit_softcapping 50.0"),
        ("deberta-v2", {"conv_kernel_size": 3}, "conv_kernel_size 3"),
        ("bert", {"is_decoder": True}, "is_decoder True"),
    ],
)
def test_variants_that_are_not_known_are_refused(
    family: str, entries: dict[str, Any], words: str, tmp_path: Path
) -> None:
    folder = write_encoder(tmp_path / "model", family)
    edit_json(folder / "config.json", **entries)
    with pytest.raises(UsageError, match=words):
        read_architecture(folder, "encoder")


def _tokens(family: str) -> str:
    from scripts.models.miniatures import FAMILIES as MINIATURES

    return MINIATURES[family].tokens
