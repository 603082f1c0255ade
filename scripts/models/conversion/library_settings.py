"""What sentence_bert_config.json says besides config.json: where it changes the model, no graph is written."""

from typing import Any

from scripts.models.conversion.configuration import Config
from scripts.models.conversion.torch_only import not_convertible

_FILE = "sentence_bert_config.json"
# The newer name and the older one, which wins.
_PASSED = {"config_kwargs": "config_args", "model_kwargs": "model_args"}
# How the library finds, loads or computes the model, not what; or the library sets it itself.
_WITHOUT_EFFECT = {
    *("dtype", "torch_dtype", "attn_implementation", "low_cpu_mem_usage", "use_safetensors", "use_cache", "device_map"),
    *("cache_dir", "local_files_only", "revision", "subfolder", "token", "trust_remote_code"),
    "add_pooling_layer",  # of states that no encoder uses
}
_USUAL = {"transformer_task": "feature-extraction", "module_output_name": "token_embeddings"}
_USUAL_OUTPUT = {"method": "forward", "method_output_name": "last_hidden_state"}


def refuse_passed(settings: dict[str, Any], config: Config) -> None:
    """Pass settings that give transformers nothing for the model but what `config` says.

    Args:
        settings: of the library's Transformer module.
        config: of the model.

    Raises:
        UsageError: with the first entry that differs.
    """
    for new, old in _PASSED.items():
        entry = old if old in settings else new
        for name, value in (settings.get(entry) or {}).items():
            if name not in _WITHOUT_EFFECT and config.get(name) != value:
                raise not_convertible(f"Models with {name} {value!r} in {entry} of {_FILE}")


def refuse_other_outputs(settings: dict[str, Any]) -> None:
    """Pass settings of an encoder whose Pooling gets the last hidden states.

    Raises:
        UsageError: with the first entry that says otherwise.
    """
    for name, usual in _USUAL.items():
        if settings.get(name, usual) != usual:
            raise not_convertible(f"Encoders with {name} {settings[name]!r} in {_FILE}")
    text = (settings.get("modality_config") or {}).get("text", {})
    for name, usual in _USUAL_OUTPUT.items():
        if text.get(name, usual) != usual:
            raise not_convertible(f"Encoders with {name} {text[name]!r} in {_FILE}")
