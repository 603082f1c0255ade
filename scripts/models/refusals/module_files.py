"""Files of the modules behind a transformer."""

from pathlib import Path

from bentos.common.models.profile import WEIGHT_PATTERNS
from scripts.command import UsageError
from scripts.models.files.facts import read_json

_WITH_CONFIG = {"Pooling", "Dense", "LayerNorm"}
_WITH_WEIGHTS = {"Dense", "LayerNorm"}
_VECTORS = "sentence_embedding"


def refuse_module(kind: str, folder: Path) -> None:
    """Pass a module of which all files are there, and which normalizes nothing but vectors of texts.

    Args:
        kind: name of its class.
        folder: of its files.

    Raises:
        UsageError: with what is missing, or else normalized.
    """
    if kind in _WITH_CONFIG and not (folder / "config.json").is_file():
        raise UsageError(
            f"modules.json names the module {folder.name}, which has no config.json: copy the whole repository again "
            "(folders of modules have names such as 1_Pooling)."
        )
    if kind in _WITH_WEIGHTS and not any(any(folder.glob(pattern)) for pattern in WEIGHT_PATTERNS):
        raise UsageError(
            f"modules.json names the module {folder.name}, which has no weights: copy the whole repository again."
        )
    if kind == "Normalize":
        config = read_json(folder / "config.json")
        for name in ("module_input_name", "module_output_name"):
            if config.get(name) not in (None, _VECTORS):
                raise UsageError(
                    f"The module {folder.name} normalizes something else than the vectors of texts ({name} "
                    f"{config[name]!r} in its config.json), which is not served."
                )
