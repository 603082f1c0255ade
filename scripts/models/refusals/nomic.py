"""Nomic BERT's published config.json: names of the repository's own code, which transformers' code ignores.

Those of nomic-embed-text-v1 and v1.5 ask for what transformers computes by its defaults. Others would be loaded and
computed as if they did, with layers and biases left out.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.command import UsageError
from scripts.models.files.facts import read_json

_TRAINED_POSITIONS = 2048
# Name in the published files, name in transformers, and what transformers takes without it.
_SIZES: list[tuple[str, str, float]] = [
    ("n_embd", "hidden_size", 768),
    ("n_layer", "num_hidden_layers", 12),
    ("n_head", "num_attention_heads", 12),
    ("num_heads_kv", "num_attention_heads", 12),
    ("n_inner", "intermediate_size", 3072),
    ("layer_norm_epsilon", "layer_norm_eps", 1e-12),
]
_ACTIVATIONS = {"swiglu": ("silu", "swish"), "geglu": ("gelu",)}
# What transformers computes whatever these say: https://huggingface.co/nomic-ai/nomic-embed-text-v1.5, config.json.
_FIXED: dict[str, object] = {
    **dict.fromkeys(("qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias"), False),
    **dict.fromkeys(("prenorm", "parallel_block", "parallel_block_tied_norm", "use_rms_norm", "norm_mlp"), False),
    **dict.fromkeys(("causal", "scale_attn_by_inverse_layer_idx", "num_experts", "rotary_head_dim"), False),
    "scale_attn_weights": True,
    "rotary_emb_fraction": 1,
    "rotary_emb_interleaved": False,
    "rotary_emb_scale_base": None,
}


def refuse_ignored_settings(folder: Path, window: int) -> None:
    """Pass a Nomic BERT that transformers computes as its own code does; all other models pass.

    Args:
        folder: of the model.
        window: in tokens, with which it is to be served.

    Raises:
        UsageError: with the entry of config.json and its value.
    """
    config = read_json(folder / "config.json")
    if config.get("model_type") != "nomic_bert":
        return
    for name, instead in _ignored(config, window):
        raise UsageError(
            f"The model's own code reads {name} {config[name]!r} from config.json, and transformers' code, which "
            f"computes it here, ignores that: {instead}."
        )


def _ignored(config: dict[str, Any], window: int) -> Iterator[tuple[str, str]]:
    """Each entry that would make a difference, and what to do."""
    for name, native, default in _SIZES:
        if config.get(name) not in (None, config.get(native, default)):
            yield name, f"write it as {native}, too"
    rope = config.get("rope_parameters") or {}
    if config.get("rotary_emb_base") not in (None, rope.get("rope_theta", config.get("rope_theta", 1000))):
        yield "rotary_emb_base", "write it as rope_theta in rope_parameters, too"
    activation = config.get("activation_function")
    if activation and config.get("hidden_act", "silu") not in _ACTIVATIONS.get(activation, ()):
        yield "activation_function", "the model is not supported"
    for name, usual in _FIXED.items():
        if config.get(name) not in (None, usual):
            yield name, "the model is not supported"
    # It stretches positions of texts that are longer than those of the training.
    trained = config.get("max_trained_positions") or _TRAINED_POSITIONS
    if config.get("rotary_scaling_factor") and window > trained and rope.get("rope_type", "default") == "default":
        yield "rotary_scaling_factor", f"install it with --max-tokens {trained}"
