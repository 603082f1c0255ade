"""What families have in common in `config.json`: activations, rotary positions, and what cannot be converted."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from scripts.models.conversion.torch_only import not_convertible

Config: TypeAlias = Mapping[str, Any]
Activation = Literal["gelu", "gelu_tanh", "silu", "relu", "tanh", "identity"]

_ACTIVATIONS: dict[object, Activation] = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "silu": "silu",
    "swish": "silu",
    "relu": "relu",
    "tanh": "tanh",
}


def read_activation(config: Config, name: str, default: str = "gelu") -> Activation:
    """An activation function by its entry.

    Raises:
        UsageError: it is another one.
    """
    activation = config.get(name) or default
    if activation not in _ACTIVATIONS:
        raise not_convertible(f"Models with the activation {activation}")
    return _ACTIVATIONS[activation]


def read_theta(
    config: Config, default: float, *, layers: str | None = None, entry: str = "rope_theta", scaled: bool = True
) -> float:
    """The base of rotary positions, as old and new files have it.

    Args:
        config: of the model.
        default: of the family.
        layers: the kind of layers in question, in models with several.
        entry: where old files have it.
        scaled: whether `rope_scaling` of old files is of these layers.

    Raises:
        UsageError: the positions are stretched, or turn a part of each head only.
    """
    rope = config.get("rope_parameters") or {}
    rope = rope.get(layers, {}) if layers else rope
    rope = rope or (scaled and config.get("rope_scaling")) or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind != "default":
        raise not_convertible(f"Models with rotary positions of type {kind}")
    if (rope.get("partial_rotary_factor") or config.get("partial_rotary_factor") or 1) != 1:
        raise not_convertible("Models with rotary positions in a part of each head")
    return float(rope.get("rope_theta") or config.get(entry) or default)


def refuse(config: Config, **settings: Any) -> None:
    """Pass a configuration where these entries are missing, empty or as given.

    Raises:
        UsageError: with the first that is not.
    """
    for name, usual in settings.items():
        if (value := config.get(name)) and value != usual:
            raise not_convertible(f"Models with {name} {value}")
