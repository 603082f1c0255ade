"""What a model computes, from its configuration files: all that the packed graph has to know besides the weights."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from bentos.common.backends.interface import Kind, Pooling
from scripts.command import UsageError
from scripts.models.conversion.torch_only import not_convertible
from scripts.models.facts import read_json

Activation = Literal["gelu", "gelu_tanh", "relu", "tanh", "identity"]

_BERT = "bert"
# These start positions after the padding id.
_ROBERTA = {"roberta", "xlm-roberta", "camembert"}
_ACTIVATIONS: dict[object, Activation] = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
}
_DENSE_ACTIVATIONS: dict[object, Activation] = {
    "torch.nn.modules.activation.Tanh": "tanh",
    "torch.nn.modules.activation.GELU": "gelu",
    "torch.nn.modules.activation.ReLU": "relu",
    "torch.nn.modules.linear.Identity": "identity",
}
_POOLINGS: dict[object, Pooling] = {"mean": "mean", "cls": "first"}
# sentence-transformers' names of a pooling until it was one name.
_OLD_POOLINGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True)
class Dense:
    """A linear layer behind the pooling; `folder` holds its weights."""

    folder: Path
    bias: bool
    activation: Activation


@dataclass(frozen=True)
class Architecture:
    """An encoder or cross-encoder of the BERT or RoBERTa family.

    Attributes:
        folder: holds `config.json` and the transformer's weights.
        positions: rows in the table of positions.
        uses_types: whether tokens are told apart by type, as those of a pair's two texts are.
        head: what follows the pooling of an encoder, before its vectors are normalized.
        padding_id: of the RoBERTa family, which counts positions from there and skips padding; None for BERT.
    """

    folder: Path
    kind: Kind
    layers: int
    width: int
    heads: int
    epsilon: float
    activation: Activation
    positions: int
    uses_types: bool
    padding_id: int | None
    pooling: Pooling
    head: tuple[Dense | Literal["normalize"], ...]


def read_architecture(folder: Path, kind: Kind) -> Architecture:
    """Read a model's folder.

    Args:
        folder: as sentence-transformers or transformers save a model.
        kind: what it is used for.

    Raises:
        UsageError: the packed graph cannot express the model; the sentence says what can serve it.
    """
    modules = _modules(folder)
    transformer = folder / modules[0][1] if modules else folder
    config = read_json(transformer / "config.json")
    family = config.get("model_type")
    if (family != _BERT and family not in _ROBERTA) or config.get("auto_map") or config.get("is_decoder"):
        raise not_convertible(f"Models of type {family}{' with code of their own' * bool(config.get('auto_map'))}")
    positions = config.get("position_embedding_type") or "absolute"
    if positions != "absolute":
        raise not_convertible(f"Models with positions of type {positions}")
    activation = config.get("hidden_act", "gelu")
    if activation not in _ACTIVATIONS:
        raise not_convertible(f"Models with the activation {activation}")
    pooling, head = _cross_encoder_head(config, modules) if kind == "cross-encoder" else _encoder_head(folder, modules)
    return Architecture(
        folder=transformer,
        kind=kind,
        layers=config.get("num_hidden_layers", 12),
        width=config.get("hidden_size", 768),
        heads=config.get("num_attention_heads", 12),
        epsilon=config.get("layer_norm_eps", 1e-12 if family == _BERT else 1e-5),
        activation=_ACTIVATIONS[activation],
        positions=config.get("max_position_embeddings", 512),
        uses_types=config.get("type_vocab_size", 2) > 1,
        padding_id=None if family == _BERT else config.get("pad_token_id", 1),
        pooling=pooling,
        head=head,
    )


def _modules(folder: Path) -> list[tuple[str, str]]:
    """Class and folder of sentence-transformers' modules; empty when there is no list of them."""
    listed: Any = read_json(folder / "modules.json") or []
    return [(str(module["type"]).rpartition(".")[2], str(PurePosixPath(module["path"]))) for module in listed]


def _cross_encoder_head(config: dict[str, Any], modules: list[tuple[str, str]]) -> tuple[Pooling, tuple[()]]:
    labels = len(config.get("id2label") or {}) or config.get("num_labels", 2)
    if labels != 1 or len(modules) > 1:
        raise not_convertible("Cross-encoders with more than one label or modules of their own")
    return "first", ()


def _encoder_head(
    folder: Path, modules: list[tuple[str, str]]
) -> tuple[Pooling, tuple[Dense | Literal["normalize"], ...]]:
    if not modules:  # sentence-transformers takes the mean then
        return "mean", ()
    names = [name for name, _ in modules]
    if names[:2] != ["Transformer", "Pooling"] or not {"Dense", "Normalize"}.issuperset(names[2:]):
        raise not_convertible(f"A model with the modules {', '.join(names)}")
    pooling = read_json(folder / modules[1][1] / "config.json")
    old = [name for key, name in _OLD_POOLINGS.items() if pooling.get(key)]
    mode = pooling.get("pooling_mode") or (old[0] if len(old) == 1 else old or "mean")
    if not pooling.get("include_prompt", True):
        raise not_convertible(f"Pooling {mode} without the prompt")
    if isinstance(mode, list) or mode not in _POOLINGS:
        raise not_convertible(f"Pooling {mode}")
    head = tuple("normalize" if name == "Normalize" else _dense(folder / path) for name, path in modules[2:])
    return _POOLINGS[mode], head  # type: ignore[return-value]


def _dense(folder: Path) -> Dense:
    config = read_json(folder / "config.json")
    if not config:
        raise UsageError(f"The model's folder {folder.name} has no config.json.")
    activation = config.get("activation_function", "torch.nn.modules.activation.Tanh")
    plain = config.get("module_input_name", "sentence_embedding") == "sentence_embedding"
    plain = plain and config.get("module_output_name", "sentence_embedding") in (None, "sentence_embedding")
    if activation not in _DENSE_ACTIVATIONS or not plain or config.get("use_residual"):
        raise not_convertible(f"A Dense module with {activation}{'' if plain else ' of tokens'}")
    return Dense(folder, config.get("bias", True), _DENSE_ACTIVATIONS[activation])
