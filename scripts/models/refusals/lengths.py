"""Lengths at which sentence-transformers cuts texts, besides the window: refused, as a model is served with one."""

from pathlib import Path
from typing import Any

from bentos.common.backends.interface import Kind
from scripts.command import UsageError
from scripts.models.files.facts import LEAST_WINDOW, is_static, transformer_settings

_FILE = "sentence_bert_config.json"
_BY_TASK = ("query_length", "document_length")


def refuse_other_lengths(folder: Path, kind: Kind, window: int) -> None:
    """Pass a model that cuts queries and documents at its window, or at none of its own.

    Args:
        folder: of the model.
        kind: what it is to be; a cross-encoder has no lengths by task.
        window: in tokens, with which it is to be served.

    Raises:
        UsageError: with the setting and what to do.
    """
    if is_static(folder):
        return
    settings = transformer_settings(folder)
    if kind == "encoder" and settings.get("query_expansion"):
        raise UsageError(
            f"sentence-transformers fills up the model's queries with mask tokens (query_expansion in {_FILE}), which "
            "embed-service does not: take it out if that is as good."
        )
    found = _lengths(settings, kind)
    if not (other := {name: length for name, length in found.items() if length != window}):
        return
    [one, *different] = sorted(set(found.values()))
    as_one = not different and LEAST_WINDOW <= one < window and (len(found) == len(_BY_TASK) or "max_length" in found)
    advice = f"install it with --max-tokens {one}" if as_one else "take it out if that is as good"
    name, length = next(iter(other.items()))
    raise UsageError(
        f"sentence-transformers cuts texts of the model at {name} {length} ({_FILE}), and the services cut all at a "
        f"window of {window} tokens: {advice}."
    )


def _lengths(settings: dict[str, Any], kind: Kind) -> dict[str, int]:
    """In tokens, by the name of their setting; what is passed to the tokenizer at each call wins over the others."""
    passed = settings.get("processing_kwargs") or {}
    for part in ("text", "common"):
        if length := (passed.get(part) or {}).get("max_length"):
            return {"max_length": length}
    by_task = {name: settings.get(name) for name in _BY_TASK} if kind == "encoder" else {}
    return {name: length for name, length in by_task.items() if length}
