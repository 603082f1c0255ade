"""`tokenizer.json`, the fast tokenizer every artefact has."""

import json
from pathlib import Path
from typing import Any, cast

from tokenizers import Tokenizer, normalizers

from bentos.common.models.profile import TOKENIZER_FILE
from scripts.command import UsageError, reason
from scripts.models.conversion.torch_only import has_torch, needs_torch
from scripts.models.files.facts import is_static, transformer_settings
from scripts.models.files.known_tokenizers import is_known

_VOCABULARIES = ("vocab.txt", "vocab.json", "*.model")


def ensure_tokenizer(folder: Path) -> bool:
    """Make sure that the folder has a `tokenizer.json` that by itself neither cuts nor pads.

    Truncation and padding are the engine's to decide; some repositories ship a file that does both. That of a static
    model, which reads a text without special tokens, adds none.

    Returns:
        True when the file was made by converting the model's slow tokenizer.

    Raises:
        UsageError: There is no such file and transformers cannot make one, or it is damaged. Or transformers is not
            installed, and whether the file gives the same tokens as transformers is not known.
    """
    path = folder / TOKENIZER_FILE
    missing = not path.exists()
    if is_static(folder):
        if missing:
            raise UsageError("The model has no tokenizer.json: copy the whole repository again.")
        save_tokenizer(_without_special_tokens(read_tokenizer(path)), path)
        return False
    if missing:
        if not has_torch():
            raise needs_torch("The model has no tokenizer.json, which can be made")
        tokenizer = _convert(folder)
    else:
        tokenizer = read_tokenizer(path)
        _check_special_tokens(tokenizer)
        if not has_torch() and not is_known(folder, tokenizer):
            raise needs_torch("The model's tokenizer is none of those that are tested, so it can be checked")
    lowered = not has_torch() and bool(transformer_settings(folder).get("do_lower_case"))
    if lowered:
        _lower(tokenizer)
    if missing or lowered or tokenizer.truncation is not None or tokenizer.padding is not None:
        save_tokenizer(tokenizer, path)
    return missing


def read_tokenizer(path: Path) -> Tokenizer:
    """A tokenizer as it is in its file.

    Raises:
        UsageError: It is damaged.
    """
    try:
        return Tokenizer.from_file(str(path))
    except BaseException as error:  # the library has no class of its own, and its panics are no Exceptions
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise UsageError(f"{path.name} of the model is not a tokenizer ({reason(error)}): get it again.") from error


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Write a tokenizer that neither cuts nor pads, in place of what is there."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    path.unlink(missing_ok=True)  # a link to the source's file, which is not ours to change
    tokenizer.save(str(path))


def limit_tokens(folder: Path, rows: int) -> list[str]:
    """Make sure that no text has a token for which the model has no row.

    Special tokens without one, such as that of an image in a model of texts, are taken out of `tokenizer.json`: they
    are no part of a text, and one that spells them out would fail with all in its batch.

    Args:
        folder: of the model.
        rows: of its table of words.

    Returns:
        What was taken out.

    Raises:
        UsageError: Other tokens have none, or those that are put around each text.
    """
    path = folder / TOKENIZER_FILE
    tokenizer = read_tokenizer(path)
    removable = {token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special}
    removable -= tokenizer.get_vocab(with_added_tokens=False).keys() | set(tokenizer.encode("a", "a").tokens)
    beyond = {token: number for token, number in tokenizer.get_vocab().items() if number >= rows}
    for token, number in beyond.items():
        if token not in removable:
            raise UsageError(
                f"{TOKENIZER_FILE} of the model has the token {token!r} with the id {number}, but the weights have "
                f"{rows} rows, for ids below that: get both from the same place again."
            )
    if beyond:
        state = json.loads(tokenizer.to_str())
        kept = [token for token in state["added_tokens"] if token["content"] not in beyond]
        save_tokenizer(Tokenizer.from_str(json.dumps({**state, "added_tokens": kept})), path)
    return sorted(beyond)


def _check_special_tokens(tokenizer: Tokenizer) -> None:
    """Pass a tokenizer that knows the ids of the special tokens around a text; with another the library panics."""
    processor = tokenizer.post_processor
    state = json.loads(cast(Any, processor).__getstate__()) if processor else {}
    for part in state.get("processors", [state]):
        pieces = [*part.get("single", []), *part.get("pair", [])] if part.get("type") == "TemplateProcessing" else []
        named = {piece["SpecialToken"]["id"] for piece in pieces if "SpecialToken" in piece}
        for token in sorted(named - part.get("special_tokens", {}).keys()):
            raise UsageError(
                f"{TOKENIZER_FILE} of the model puts {token!r} around each text, but the special_tokens of its "
                "post_processor have no id for it: get it again."
            )


def _without_special_tokens(tokenizer: Tokenizer) -> Tokenizer:
    state = json.loads(tokenizer.to_str())
    return Tokenizer.from_str(json.dumps({**state, "post_processor": None}))


def _lower(tokenizer: Tokenizer) -> None:
    """Put lower case before all else that is done to a text, unless it is there."""
    present = tokenizer.normalizer
    parts = [present] if present else []
    if isinstance(present, normalizers.Sequence):
        parts = list(cast(Any, present))
    if not any(isinstance(part, normalizers.Lowercase) for part in parts):
        tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *parts])


def _convert(folder: Path) -> Tokenizer:
    # Without a vocabulary transformers makes a tokenizer to which every word is unknown.
    if not any(any(folder.glob(pattern)) for pattern in _VOCABULARIES):
        raise UsageError("The model has no tokenizer.json and no vocabulary to make one from.")

    from transformers import AutoTokenizer

    try:
        slow_or_fast = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        backend = slow_or_fast.backend_tokenizer
    except Exception as error:
        raise UsageError(
            "The model has no tokenizer.json and its tokenizer cannot be converted to a fast one."
        ) from error
    if not isinstance(backend, Tokenizer):
        raise UsageError("The model has no tokenizer.json and its tokenizer has no fast version.")
    return backend
