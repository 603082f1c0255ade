"""On which sides a tokenizer cuts and pads texts: the services cut at the end, and padding is not seen."""

from pathlib import Path

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
    sides = read_json(folder / "tokenizer_config.json") | passed_to_tokenizer(transformer_settings(folder))
    truncation = read_json(folder / TOKENIZER_FILE).get("truncation") or {}
    # transformers takes it from tokenizer.json where the others do not say it.
    cut = sides.get("truncation_side") or str(truncation.get("direction") or "right").lower()
    if cut == "left":
        raise UsageError(
            "Its tokenizer cuts off the start of long texts, and the services their end: take truncation_side out of "
            f"tokenizer_config.json, or the truncation out of {TOKENIZER_FILE}, if that is as good."
        )
    if sides.get("padding_side") == "left" and read_json(folder / "config.json").get("model_type") in _COUNTS_PADDING:
        raise UsageError(
            "Its tokenizer pads texts on the left, so sentence-transformers gives a text other positions, and another "
            "vector, beside a longer one: take padding_side out of tokenizer_config.json if that is as good."
        )
