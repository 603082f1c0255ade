"""The packed graph of every family against sentence-transformers in fp32, on miniatures with random weights."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
import torch
from safetensors.torch import save_file
from sentence_transformers import CrossEncoder, SentenceTransformer

from bentos.common.backends.interface import Kind, Outputs, TokenRow
from bentos.common.backends.packing import pack
from scripts.command import UsageError
from scripts.models.conversion.architecture import Architecture, read_architecture
from scripts.models.conversion.families import FAMILIES
from scripts.models.conversion.graph import packed_graph, stages
from scripts.models.conversion.precision import Precision
from scripts.models.miniatures.families import FAMILIES as MINIATURES
from scripts.models.miniatures.families import edit_json, write_cross_encoder, write_encoder
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
    "modernbert, with a window of 8,192": ("modernbert", {"max_position_embeddings": 8192}),
    "modernbert, its window by another name": ("modernbert", {"sliding_window": 16}),
    "deberta-v2, directions apart": ("deberta-v2", {"relative_attention": True, "pos_att_type": "c2p | p2c"}),
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
    "qwen2, with a window of 32,768": ("qwen2", {"max_position_embeddings": 32_768}),
    "qwen3, with a window": ("qwen3", {"use_sliding_window": True, "sliding_window": 9, "max_window_layers": 1}),
    "qwen3, not causal": ("qwen3", {"is_causal": False}),
    "gemma3_text, causal": (
        "gemma3_text",
        {"use_bidirectional_attention": False, "layer_types": ["sliding_attention", "full_attention"]},
    ),
    "gemma3_text, with a pattern that is not read": ("gemma3_text", {"_sliding_window_pattern": 2}),
    "gemma3_text, with a window of 2,048": ("gemma3_text", {"max_position_embeddings": 2048}),
}
OTHER_POOLINGS = [
    ("bert", "cls"),
    ("mpnet", "cls"),
    ("modernbert", "cls"),
    ("qwen3", "lasttoken"),
    ("qwen2", "lasttoken"),
]
PUBLISHED_BY_NOMIC = {
    "embeddings.LayerNorm": "emb_ln",
    "layers.": "encoder.layers.",
    "post_attention_layernorm": "norm1",
    "post_mlp_layernorm": "norm2",
    "self_attn.o_proj": "attn.out_proj",
    "gate_proj": "fc12",
    "up_proj": "fc11",
    "down_proj": "fc2",
}
PRECISIONS: list[Precision] = ["fp32", "int8"]
ALL = {family: (family, dict[str, Any]()) for family in FAMILIES} | VARIANTS


def encoder(folder: Path, name: str, pooling: str) -> Path:
    family, settings = ALL[name]
    write_encoder(folder, family, pooling=pooling, **settings)
    if longest := settings.get("max_position_embeddings"):
        edit_json(folder / "sentence_bert_config.json", max_seq_length=longest)
    return folder


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


def compiled(folder: Path, precision: Precision) -> openvino.CompiledModel:
    properties = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 64 * (precision == "int8")}
    return openvino.Core().compile_model(packed_graph(folder, "encoder", precision), "CPU", properties)


def infer(graph: openvino.CompiledModel, architecture: Architecture, rows: list[TokenRow]) -> Outputs:
    inputs = pack(rows, architecture.pooling, uses_types=architecture.uses_types)
    outputs: Outputs = graph(inputs)[0][: len(rows)].copy()
    return outputs


@pytest.mark.parametrize(("name", "pooling"), [*((name, "mean") for name in ALL), *OTHER_POOLINGS])
def test_an_encoder_gives_the_vectors_of_the_library(name: str, pooling: str, tmp_path: Path) -> None:
    folder = encoder(tmp_path / "model", name, pooling)
    architecture = read_architecture(folder, "encoder")
    rows = random_rows(architecture)
    expected = run_alone(SentenceTransformer(str(folder), device="cpu"), rows, types=architecture.uses_types)
    assert cosines(run_packed(folder, "encoder", rows), expected).min() >= 0.99999


@pytest.mark.parametrize("name", ALL)
def test_a_cross_encoder_gives_the_logits_of_the_library(name: str, tmp_path: Path) -> None:
    """Also where texts spell out the padding token, which some families count apart."""
    family, settings = ALL[name]
    folder = write_cross_encoder(tmp_path / "model", family, **settings)
    architecture, model = read_architecture(folder, "cross-encoder"), CrossEncoder(str(folder), device="cpu")
    for padding_id in (None, PADDING_ID[MINIATURES[family].tokens]):
        rows = random_rows(architecture, padding_id=padding_id)
        expected = run_alone(model, rows, types=architecture.uses_types)
        np.testing.assert_allclose(run_packed(folder, "cross-encoder", rows), expected, atol=1e-3)


@pytest.mark.parametrize("pooling", [("eurobert", "bos"), ("eurobert", "mean"), ("modernbert", "mean")], ids="-".join)
def test_a_classifier_pools_as_its_configuration_says(pooling: tuple[str, str], tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path / "model", pooling[0], classifier_pooling=pooling[1])
    rows = random_rows(read_architecture(folder, "cross-encoder"))
    expected = run_alone(CrossEncoder(str(folder), device="cpu"), rows, types=False)
    np.testing.assert_allclose(run_packed(folder, "cross-encoder", rows), expected, atol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_a_text_has_the_same_vector_alone_and_in_any_company(name: str, tmp_path: Path) -> None:
    folder = encoder(tmp_path / "model", name, "lasttoken")
    architecture = read_architecture(folder, "encoder")
    rows = random_rows(architecture)
    for precision in PRECISIONS:
        graph = compiled(folder, precision)
        alone = np.concatenate([infer(graph, architecture, [row]) for row in rows])
        for order in ([0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 4], [4, 2], [3, 3, 5]):
            together = infer(graph, architecture, [rows[index] for index in order])
            if precision == "fp32":
                assert np.array_equal(together, alone[order])
            else:  # as decision 5 says of int8 where there is no bf16
                np.testing.assert_allclose(together, alone[order], atol=2e-5)


def test_rotary_positions_reach_as_far_as_the_window(tmp_path: Path) -> None:
    """Nomic's published configuration does not say how far they do."""
    folder = write_encoder(tmp_path / "model", "nomic_bert")
    edit_json(folder / "config.json", max_position_embeddings=None)
    edit_json(folder / "sentence_bert_config.json", max_seq_length=3000)
    ids = np.random.default_rng(3).integers(FIRST_ORDINARY_ID, VOCABULARY, 2500).astype(np.int32)
    rows = [TokenRow(ids, np.zeros_like(ids))]
    expected = run_alone(SentenceTransformer(str(folder), device="cpu"), rows, types=True)
    assert cosines(run_packed(folder, "encoder", rows), expected).min() >= 0.99999


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
    model: Any = SentenceTransformer(str(folder), device="cpu")[0].auto_model
    weights = dict(model.state_dict())
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    np.testing.assert_array_equal(run_packed(folder, "encoder", rows), expected)
    for layer in ("layers.0.", "layers.1."):
        parts = [weights.pop(f"{layer}self_attn.{part}_proj.weight") for part in "qkv"]
        weights[f"{layer}attn.Wqkv.weight"] = torch.cat(parts)
    published = {}
    for name, tensor in weights.items():
        renamed = name
        for new, old in PUBLISHED_BY_NOMIC.items():
            renamed = renamed.replace(new, old)
        published[renamed] = tensor
    save_file(published, folder / "model.safetensors", metadata={"format": "pt"})
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
