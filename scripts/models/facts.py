"""What a model folder says about itself: kind, window, prompts, licence. Reads JSON only, loads no model."""

import json
import re
from pathlib import Path
from typing import Any, cast

from huggingface_hub import ModelCard

from bentos.common.backends.interface import Kind
from bentos.common.models.profile import PromptName
from scripts.command import UsageError

DEFAULT_WINDOW = 512

# sentence-transformers' names of the prompts, and ours.
_PROMPT_NAMES: dict[str, PromptName] = {"query": "query", "document": "passage", "passage": "passage"}

# Families whose repositories do not say that they were trained with prompts. Their instruct models differ.
_KNOWN_PROMPTS: list[tuple[re.Pattern[str], dict[PromptName, str]]] = [
    (
        re.compile(r"(^|/)(multilingual-)?e5-(small|base|large)(-v2|-unsupervised)?$", re.IGNORECASE),
        {"query": "query: ", "passage": "passage: "},
    ),
]

# Families that start positions after the padding id, so that much of the table is never used.
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "mpnet", "roberta-prelayernorm"}


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file, or an empty one when there is no such file."""
    try:
        return cast(dict[str, Any], json.loads(path.read_bytes()))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UsageError(f"{path.name} of the model is not valid JSON.") from error


def detect_kind(folder: Path, wanted: Kind | None = None) -> Kind:
    """Tell an encoder from a cross-encoder by the model's head.

    Raises:
        UsageError: A cross-encoder was asked for and the weights have no scoring head,
            or the head has more than one label.
    """
    config = read_json(folder / "config.json")
    if not config:
        raise UsageError("The model has no config.json, so it cannot be loaded.")
    has_head = any(name.endswith("ForSequenceClassification") for name in config.get("architectures") or [])
    kind = wanted or ("cross-encoder" if has_head else "encoder")
    if kind == "cross-encoder":
        if not has_head:
            raise UsageError("The model has no scoring head, so it cannot be a cross-encoder.")
        labels = len(config.get("id2label") or {}) or config.get("num_labels", 2)
        if labels != 1:
            raise UsageError(f"The model has {labels} labels; a cross-encoder for reranking has one.")
    return kind


def read_window(folder: Path) -> int:
    """The window in tokens, specials included: the smallest of what the model's files allow."""
    config = read_json(folder / "config.json")
    limits = [
        read_json(folder / "sentence_bert_config.json").get("max_seq_length"),
        read_json(folder / "tokenizer_config.json").get("model_max_length"),
    ]
    if positions := config.get("max_position_embeddings"):
        offset = config.get("pad_token_id", 1) + 1 if config.get("model_type") in _OFFSET_POSITIONS else 0
        limits.append(positions - offset)
    # Tokenizers without a limit of their own write 1e30.
    known = [int(limit) for limit in limits if limit and 0 < limit < 1e6]
    return min(known, default=DEFAULT_WINDOW)


def read_prompts(folder: Path, model_id: str) -> dict[PromptName, str]:
    """The prompts of an encoder: those its folder names, else those its family is known for, else {}."""
    stored = read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
    prompts = {_PROMPT_NAMES[name]: text for name, text in stored.items() if name in _PROMPT_NAMES and text}
    if prompts:
        return prompts
    for family, known in _KNOWN_PROMPTS:
        if family.search(model_id):
            return dict(known)
    return {}


def read_license(folder: Path) -> str | None:
    """The licence in the header of the model card, where there is one."""
    card = folder / "README.md"
    if not card.is_file():
        return None
    try:
        value = ModelCard.load(card, ignore_metadata_errors=True).data.get("license")
    except ValueError:
        return None
    return value if isinstance(value, str) else None
