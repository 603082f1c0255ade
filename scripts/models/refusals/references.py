"""Files of a model that name others, besides modules.json: these are in its folder, and no weights are missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.command import UsageError
from scripts.models.files.facts import check_inside, read_json

_SUFFIX = ".index.json"
_INDEX = f"*{_SUFFIX}"
# Each with the entry that names files; all that is in the settings goes to the libraries that open them.
_NAMING = {
    _INDEX: "weight_map",
    "config.json": "configuration_files",
    "tokenizer_config.json": "fast_tokenizer_files",
    "sentence_*_config.json": None,
}


def check_references(folder: Path) -> None:
    """Pass a model whose files, also those of its modules, name none outside of its folder; its weights are all there.

    Raises:
        UsageError: With the first file that does not, and what it names.
    """
    for pattern, entry in _NAMING.items():
        for file in sorted(folder.rglob(pattern)):
            content = read_json(file)
            for text in _texts(content.get(entry) if entry else content):
                check_inside(file, text)
                # An index is not read beside a file that has all weights.
                whole = file.with_name(file.name.removesuffix(_SUFFIX))
                if pattern == _INDEX and not whole.is_file() and not (file.parent / text).is_file():
                    raise UsageError(f"{file.name} of the model names {text}, which is missing: copy it, too.")


def _texts(content: Any) -> Iterator[str]:
    """All texts among the values of a JSON document."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for value in content.values() if isinstance(content, dict) else content:
            yield from _texts(value)
