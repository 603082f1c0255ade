"""Published files of Nomic BERT: what transformers ignores in them makes no difference, or is refused."""

from pathlib import Path
from typing import Any

import pytest

from bentos.common.models.profile import ModelProfile
from scripts.command import UsageError
from scripts.models.install import Wishes, install
from scripts.models.miniatures.families import edit_json, write_encoder
from scripts.models.sources.folder import LocalFolder

pytestmark = pytest.mark.models

# As nomic-ai/nomic-embed-text-v1.5 has them in config.json, but for the sizes, which are those of the miniature.
PUBLISHED: dict[str, Any] = {
    "activation_function": "swiglu",
    "attn_pdrop": 0.0,
    "auto_map": {"AutoModel": "nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel"},
    "causal": False,
    "dense_seq_output": True,
    "fused_bias_fc": True,
    "fused_dropout_add_ln": True,
    "layer_norm_epsilon": 1e-12,
    "max_trained_positions": 2048,
    "mlp_fc1_bias": False,
    "mlp_fc2_bias": False,
    "n_embd": 32,
    "n_head": 4,
    "n_inner": 64,
    "n_layer": 2,
    "n_positions": 8192,
    "pad_vocab_size_multiple": 64,
    "parallel_block": False,
    "parallel_block_tied_norm": False,
    "prenorm": False,
    "qkv_proj_bias": False,
    "rotary_emb_base": 1000,
    "rotary_emb_fraction": 1.0,
    "rotary_emb_interleaved": False,
    "rotary_emb_scale_base": None,
    "rotary_scaling_factor": None,
    "scale_attn_by_inverse_layer_idx": False,
    "scale_attn_weights": True,
    "use_flash_attn": True,
    "use_rms_norm": False,
    "use_xentropy": True,
}
OWN_NAMES = ["hidden_act", "layer_norm_eps", "rope_parameters"]
"""Of transformers, with its usual values; the published files lack them."""


def installed(folder: Path, home: Path, **wishes: Any) -> ModelProfile:
    return install(LocalFolder(folder, "local/miniature"), Wishes(**wishes), print, home=home).profile


def published(folder: Path, **other: Any) -> Path:
    write_encoder(folder, "nomic_bert")
    edit_json(folder / "config.json", **{**dict.fromkeys(OWN_NAMES), **PUBLISHED, **other})
    return folder


def test_published_files_are_installed(tmp_path: Path) -> None:
    assert installed(published(tmp_path / "model"), tmp_path / "home").dimension == 32


@pytest.mark.parametrize(
    ("entry", "value", "advice"),
    [
        ("n_layer", 14, "write it as num_hidden_layers, too"),
        ("n_head", 2, "write it as num_attention_heads, too"),
        ("n_inner", 128, "write it as intermediate_size, too"),
        ("layer_norm_epsilon", 1e-5, "write it as layer_norm_eps, too"),
        ("rotary_emb_base", 10000, "write it as rope_theta in rope_parameters, too"),
        ("activation_function", "geglu", "the model is not supported"),
        ("activation_function", "gelu", "the model is not supported"),
        ("qkv_proj_bias", True, "the model is not supported"),
        ("mlp_fc1_bias", True, "the model is not supported"),
        ("rotary_emb_fraction", 0.5, "the model is not supported"),
        ("rotary_emb_interleaved", True, "the model is not supported"),
        ("rotary_emb_scale_base", 512, "the model is not supported"),
        ("prenorm", True, "the model is not supported"),
        ("num_experts", 8, "the model is not supported"),
    ],
)
def test_other_values_are_refused_by_name(entry: str, value: object, advice: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        installed(published(tmp_path / "model", **{entry: value}), tmp_path / "home")
    assert str(refused.value) == (
        f"The model's own code reads {entry} {value!r} from config.json, and transformers' code, which computes it "
        f"here, ignores that: {advice}."
    )


def test_a_base_that_transformers_reads_as_well_is_served(tmp_path: Path) -> None:
    rope = {"rope_type": "default", "rope_theta": 10000.0}
    folder = published(tmp_path / "model", rotary_emb_base=10000, rope_parameters=rope)
    assert installed(folder, tmp_path / "home").dimension == 32


def test_stretched_positions_are_refused_beyond_those_of_the_training(tmp_path: Path) -> None:
    folder = published(tmp_path / "model", rotary_scaling_factor=2, max_trained_positions=64)
    with pytest.raises(UsageError, match=r"rotary_scaling_factor 2 .*: install it with --max-tokens 64"):
        installed(folder, tmp_path / "home")
    assert installed(folder, tmp_path / "home", max_tokens=64).max_tokens == 64
