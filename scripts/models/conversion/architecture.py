"""What a model computes, from its configuration files: all that the packed graph has to know besides the weights."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias

from bentos.common.backends.interface import Kind, Pooling
from scripts.command import UsageError, reason
from scripts.models.conversion.configuration import Activation
from scripts.models.conversion.families import FAMILIES, Answers, Family, Static
from scripts.models.conversion.library_settings import refuse_other_outputs, refuse_passed
from scripts.models.conversion.tensors import Tensors
from scripts.models.conversion.torch_only import not_convertible
from scripts.models.files.facts import (
    LOGIT_SCORE,
    NATIVE_IN_TRANSFORMERS,
    is_normalized,
    is_static,
    read_json,
    read_modules,
    read_window,
    transformer_settings,
)

_DENSE_ACTIVATIONS: dict[object, Activation] = {
    "torch.nn.modules.activation.Tanh": "tanh",
    "torch.nn.modules.activation.GELU": "gelu",
    "torch.nn.modules.activation.ReLU": "relu",
    "torch.nn.modules.linear.Identity": "identity",
}
_POOLINGS: dict[object, Pooling] = {"mean": "mean", "cls": "first", "lasttoken": "last"}
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


Head: TypeAlias = tuple[Dense | Literal["normalize"], ...]
"""What follows the pooling, in this order."""


@dataclass(frozen=True)
class Architecture:
    """An encoder or cross-encoder.

    Attributes:
        folder: holds `config.json` and the transformer's weights.
        kind: what it is used for.
        transformer: the model but for its pooling and what follows that; a static model has a table in its place.
        uses_types: whether tokens are told apart by type, as those of a pair's two texts are.
        pooling: over the tokens of a sequence.
        head: of an encoder.
        answers: by which a cross-encoder scores that is a language model; None of those with a classifier.
        normalized: whether vectors of an encoder get unit length in the end.
    """

    folder: Path
    kind: Kind
    transformer: Family
    uses_types: bool
    pooling: Pooling
    head: Head
    normalized: bool
    answers: Answers | None = None


def read_architecture(folder: Path, kind: Kind) -> Architecture:
    """Read a model's folder.

    Args:
        folder: as sentence-transformers or transformers save a model.
        kind: what it is used for.

    Raises:
        UsageError: the packed graph cannot express the model; the sentence says what can serve it.
    """
    modules = _modules(folder)
    inner = folder / modules[0][1] if modules else folder
    if is_static(folder):
        head = _following(folder, modules, modules[1:])
        return Architecture(
            inner,
            kind,
            Static(Tensors(inner)),
            uses_types=False,
            pooling="mean",
            head=head,
            normalized=is_normalized(folder),
        )
    config = read_json(inner / "config.json")
    name = config.get("model_type")
    has_code = bool(config.get("auto_map")) and name not in NATIVE_IN_TRANSFORMERS
    if name not in FAMILIES or has_code:
        raise not_convertible(f"Models of type {name}{' with code of their own' * has_code}")
    settings = transformer_settings(folder)
    refuse_passed(settings, config)
    answers = _answers(folder, modules) if kind == "cross-encoder" else None
    if answers:  # the prompt ends in the token that counts, so padding within is read like all else
        config = {**config, "pad_token_id": None}
    try:
        transformer = FAMILIES[name](config, kind, read_window(inner))
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        problem = f"{type(error).__name__}: {reason(error)}"
        raise UsageError(f"config.json of the model is not one of the type {name} ({problem}).") from error
    if kind == "cross-encoder":
        if not answers:
            _check_classifier(config, modules)
        pooling, head = transformer.classifier_pooling, ()
    else:
        refuse_other_outputs(settings)
        pooling, head = _encoder_head(folder, modules)
    uses_types = transformer.types > 1 and _gives_types(inner)
    return Architecture(inner, kind, transformer, uses_types, pooling, head, is_normalized(folder), answers)


def _gives_types(folder: Path) -> bool:
    """Whether the tokenizer hands types of tokens to the model."""
    names = read_json(folder / "tokenizer_config.json").get("model_input_names")
    return names is None or "token_type_ids" in names


def _modules(folder: Path) -> list[tuple[str, str]]:
    """Class and folder of sentence-transformers' modules; empty when there is no list of them."""
    return [(name.rpartition(".")[2], str(PurePosixPath(path))) for name, path in read_modules(folder)]


def _answers(folder: Path, modules: list[tuple[str, str]]) -> Answers | None:
    """By which a language model scores."""
    if [name for name, _ in modules] != ["Transformer", LOGIT_SCORE]:
        return None
    config = read_json(folder / modules[1][1] / "config.json")
    if config.get("true_token_id") is None:
        raise UsageError(f"config.json of the module {LOGIT_SCORE} names no true_token_id.")
    return Answers(config["true_token_id"], config.get("false_token_id"))


def _check_classifier(config: dict[str, Any], modules: list[tuple[str, str]]) -> None:
    labels = len(config.get("id2label") or {}) or config.get("num_labels", 2)
    if labels != 1 or len(modules) > 1:
        raise not_convertible("Cross-encoders with more than one label or modules of their own")


def _encoder_head(folder: Path, modules: list[tuple[str, str]]) -> tuple[Pooling, Head]:
    if not modules:  # sentence-transformers takes the mean then
        return "mean", ()
    if [name for name, _ in modules[:2]] != ["Transformer", "Pooling"]:
        raise _unknown(modules)
    pooling = read_json(folder / modules[1][1] / "config.json")
    old = [name for key, name in _OLD_POOLINGS.items() if pooling.get(key)]
    mode = pooling.get("pooling_mode") or old or "mean"
    if isinstance(mode, list) and len(mode) == 1:
        mode = mode[0]
    if not pooling.get("include_prompt", True):
        raise not_convertible(f"Pooling {mode} without the prompt")
    if not isinstance(mode, str) or mode not in _POOLINGS:
        raise not_convertible(f"Pooling {mode}")
    return _POOLINGS[mode], _following(folder, modules, modules[2:])


def _following(folder: Path, modules: list[tuple[str, str]], following: list[tuple[str, str]]) -> Head:
    """What is behind the pooling."""
    if not {"Dense", "Normalize"}.issuperset(name for name, _ in following):
        raise _unknown(modules)
    return tuple("normalize" if name == "Normalize" else _dense(folder / path) for name, path in following)


def _unknown(modules: list[tuple[str, str]]) -> UsageError:
    return not_convertible(f"A model with the modules {', '.join(name for name, _ in modules)}")


def _dense(folder: Path) -> Dense:
    config = read_json(folder / "config.json")
    if not config:
        raise UsageError(f"The model's folder {folder.name} has no config.json.")
    activation = config.get("activation_function", "torch.nn.modules.activation.Tanh")
    plain = config.get("module_input_name", "sentence_embedding") == "sentence_embedding"
    plain = plain and config.get("module_output_name", "sentence_embedding") in (None, "sentence_embedding")
    if config.get("use_residual"):
        raise not_convertible("A Dense module with a residual connection")
    if activation not in _DENSE_ACTIVATIONS or not plain:
        raise not_convertible(f"A Dense module with {activation}{'' if plain else ' of tokens'}")
    return Dense(folder, config.get("bias", True), _DENSE_ACTIVATIONS[activation])
