"""What a model folder says about itself: kind, window, licence. Reads JSON only, loads no model."""

import json
from pathlib import Path, PurePosixPath
from typing import Any

from bentos.common.backends.interface import SIMILARITIES_BY_LENGTH, Kind
from bentos.common.models.profile import TOKENIZER_FILE
from scripts.command import UsageError
from scripts.models.files.entries import checked

DEFAULT_WINDOW = 512
LEAST_WINDOW = 16
STATIC_WINDOW = 8192
"""Of static models, which have none by themselves: that of the models for long texts."""

_NO_LIMIT = 1e6
_TRANSFORMER_FILES = (
    "sentence_bert_config.json",
    *(
        f"sentence_{kind}_config.json"
        for kind in ("roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
    ),
)

LOGIT_SCORE = "LogitScore"
"""sentence-transformers' module that reads a score off the logits of a language model's next token."""
NATIVE_IN_TRANSFORMERS = frozenset({"nomic_bert", "eurobert"})
"""Families with code in their repositories that transformers has itself; of all others that code is the model."""
# Families that start positions after the padding id, so that much of the table is never used.
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "roberta-prelayernorm"}


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or an empty one when there is no such file.

    Raises:
        UsageError: It is not valid; see `checked`.
    """
    try:
        return checked(path.name, json.loads(path.read_bytes()))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path.name} of the model is not valid JSON.") from error


def read_modules(folder: Path) -> list[tuple[str, str]]:
    """Class and folder of each module in modules.json, in their order; none if there is no such file.

    Raises:
        UsageError: It is not valid, or leads out of the model's folder.
    """
    path = folder / "modules.json"
    if not path.is_file():
        return []
    try:
        modules = [(module["type"], module["path"]) for module in json.loads(path.read_bytes())]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError("modules.json of the model is not valid.") from error
    if not all(isinstance(part, str) for module in modules for part in module):
        raise UsageError("modules.json of the model is not valid.")
    for _, name in modules:
        check_inside(path, name)
    return modules


def check_inside(file: Path, name: str) -> None:
    """Pass a name that one of the model's files has for another, if it stays in the model's folder.

    Raises:
        UsageError: It leads out of it.
    """
    named = PurePosixPath(name)
    if named.is_absolute() or ".." in named.parts:
        raise UsageError(
            f"{file.name} of the model names {name}, which is outside of the model's folder: put it into the folder, "
            "and name it as it is called there."
        )


def transformer_settings(folder: Path) -> dict[str, Any]:
    """What sentence-transformers reads about its Transformer module: the first of the files for it that says something.

    Without a modules.json it reads none of them.
    """
    files = (read_json(folder / name) for name in _TRANSFORMER_FILES)
    return next((settings for settings in files if settings), {}) if read_modules(folder) else {}


def passed_to_tokenizer(settings: dict[str, Any]) -> dict[str, Any]:
    """What sentence-transformers passes to the tokenizer, where it wins over the tokenizer's own settings.

    Args:
        settings: of the Transformer module. If it has both names of the entry, the older one wins, as in the library.
    """
    passed: dict[str, Any] = settings.get("tokenizer_args", settings.get("processor_kwargs")) or {}
    return passed


def is_static(folder: Path) -> bool:
    """Whether a model is no transformer but a table: a vector is the mean of the rows of a text's tokens."""
    return any(name.endswith(".StaticEmbedding") for name, _ in read_modules(folder)[:1])


def is_language_model(folder: Path) -> bool:
    """Whether the weights are those of a causal language model with its head."""
    return any(name.endswith("ForCausalLM") for name in read_json(folder / "config.json").get("architectures") or [])


def read_template(folder: Path) -> str:
    """The source of the chat template; empty if there is none."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        try:
            return file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{file.name} of the model is not UTF-8.") from error
    template = read_json(folder / "tokenizer_config.json").get("chat_template") or ""
    return template if isinstance(template, str) else json.dumps(template)


def detect_kind(folder: Path, wanted: Kind | None = None) -> Kind:
    """Tell an encoder from a cross-encoder by the model's head.

    Raises:
        UsageError: A cross-encoder was asked for and the weights have no scoring head,
            or the head has more than one label.
    """
    config = read_json(folder / "config.json")
    if not config and not is_static(folder):
        raise UsageError("The model has no config.json, so it cannot be loaded.")
    has_labels = any(name.endswith("ForSequenceClassification") for name in config.get("architectures") or [])
    has_head = has_labels or any(name.endswith(f".{LOGIT_SCORE}") for name, _ in read_modules(folder))
    declared = read_json(folder / "config_sentence_transformers.json").get("model_type")
    kind = wanted or ("cross-encoder" if has_head or declared == "CrossEncoder" else "encoder")
    if kind == "cross-encoder":
        if not has_head:
            raise UsageError("The model has no scoring head, so it cannot be a cross-encoder.")
        labels = (len(config.get("id2label") or {}) or config.get("num_labels", 2)) if has_labels else 1
        if labels != 1:
            raise UsageError(f"The model has {labels} labels; a cross-encoder for reranking has one.")
    return kind


def read_window(folder: Path) -> int:
    """The window in tokens, specials included, as sentence-transformers has it: `max_seq_length`, else the tokenizer's.

    It is never longer than the model's table of positions. A static model has the limit that its tokenizer cuts at.
    """
    if is_static(folder):
        truncation = read_json(folder / TOKENIZER_FILE).get("truncation") or {}
        return min(truncation.get("max_length") or STATIC_WINDOW, STATIC_WINDOW)
    config = read_json(folder / "config.json")
    known = [_written_window(folder)]
    if positions := config.get("max_position_embeddings"):
        padding = 1 if (number := config.get("pad_token_id")) is None else number
        offset = padding + 1 if config.get("model_type") in _OFFSET_POSITIONS else 0
        known.append(positions - offset)
    return min((limit for limit in known if limit), default=DEFAULT_WINDOW)


def _written_window(folder: Path) -> int | None:
    for name in _TRANSFORMER_FILES:
        settings = read_json(folder / name)
        if limit := passed_to_tokenizer(settings).get("model_max_length") or settings.get("max_seq_length"):
            return int(limit)
    limit = read_json(folder / "tokenizer_config.json").get("model_max_length")
    # Tokenizers without a limit of their own write 1e30.
    return int(limit) if limit and 0 < limit < _NO_LIMIT else None


def read_truncation(folder: Path) -> int | None:
    """The length to which sentence-transformers cuts vectors, if it does."""
    length = read_json(folder / "config_sentence_transformers.json").get("truncate_dim")
    return int(length) if length else None


def is_normalized(folder: Path) -> bool:
    """Whether a model's vectors are served with unit length: all but those whose similarity is not the cosine.

    Without a modules.json sentence-transformers does not read which it is.
    """
    similarity = read_json(folder / "config_sentence_transformers.json").get("similarity_fn_name")
    last = read_modules(folder)[-1:]
    return not last or similarity not in SIMILARITIES_BY_LENGTH or last[0][0].endswith(".Normalize")


def read_license(folder: Path) -> str | None:
    """The licence in the header of the model card, where there is one."""
    from huggingface_hub import ModelCard  # takes a quarter of a second, also where all is installed

    card = folder / "README.md"
    if not card.is_file():
        return None
    try:
        value = ModelCard.load(card, ignore_metadata_errors=True).data.get("license")
    except Exception:  # the parser of YAML has a class of its own; a model may be without a licence
        return None
    return value if isinstance(value, str) else None
