"""On which sides a tokenizer cuts and pads texts: the services cut at the end, and padding is not seen."""

from pathlib import Path
from typing import Any

from bentos.common.models.profile import TOKENIZER_FILE
from scripts.command import UsageError
from scripts.models.files.facts import passed_to_tokenizer, read_json, transformer_settings

_COUNTS_PADDING = {"albert", "bert", "distilbert", "electra"}
"""Families that count positions from the start of a row, padding included."""


def refuse_other_sides(folder: Path) -> None:
    """Pass a tokenizer that cuts at the end of texts, and whose padding gives them no other positions.

    Raises:
        UsageError: with the entry to take out.
    """
    cut, place = _side(folder, "truncation_side")
    if not cut:  # transformers takes it from tokenizer.json then
        truncation = read_json(folder / TOKENIZER_FILE).get("truncation") or {}
        cut, place = str(truncation.get("direction")).lower(), f"truncation out of {TOKENIZER_FILE}"
    if cut == "left":
        raise UsageError(
            "Its tokenizer cuts off the start of long texts, and the services their end: "
            f"take {place} if the model is as good without it."
        )
    padded, place = _side(folder, "padding_side")
    if padded == "left" and read_json(folder / "config.json").get("model_type") in _COUNTS_PADDING:
        raise UsageError(
            "Its tokenizer pads texts on the left, so sentence-transformers gives a text other positions, and another "
            f"vector, beside a longer one: take {place} if the model is as good without it."
        )


def _side(folder: Path, entry: str) -> tuple[str, str]:
    """Which side an entry names, and where it stands, as "ENTRY out of FILE"; both empty if it stands nowhere."""
    files: dict[str, dict[str, Any]] = {
        "sentence_bert_config.json": passed_to_tokenizer(transformer_settings(folder)),
        "tokenizer_config.json": read_json(folder / "tokenizer_config.json"),
    }
    for name, entries in files.items():
        if side := entries.get(entry):
            return side, f"{entry} out of {name}"
    return "", ""
