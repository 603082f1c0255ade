"""What the model store has already, found without importing what makes models: a second `make serve` waits for it."""

from pathlib import Path

import openvino

from bentos.common.backends.openvino import read_graph, supports_bf16
from bentos.common.models.store import InstalledModel, ModelCorrupt, ModelNotInstalled, find
from scripts.models.conversion.precision import Precision, Wanted, candidates
from scripts.models.files.facts import is_normalized
from scripts.models.presets import sources_of
from scripts.models.sources.source import Source

REFUSED = "refused before"
"""Entry of a conversion's provenance: precisions that are faster and were beyond their limits."""


def preset_is_installed(name: str, wanted: Wanted | None) -> bool:
    """Whether installing a preset again would leave the store as it is.

    Args:
        name: of the preset.
        wanted: precision of its conversions; none for the originals alone.
    """
    originals = [original_of(source) for source in sources_of(name, None, None, print)]
    tries = candidates(wanted, bf16=supports_bf16()) if wanted else []
    return all(original and (not tries or conversion_of(original, tries)) for original in originals)


def original_of(source: Source, revision: str | None = None, home: Path | None = None) -> InstalledModel | None:
    """What installing a source would give, if it is there; without a revision the one installed last."""
    try:
        found = find(source.model_id, revision or source.revision(), home=home)
    except (ModelNotInstalled, ModelCorrupt):
        return None
    # Earlier versions took euclidean and manhattan distances for the cosine.
    is_outdated = found.profile.kind == "encoder" and found.profile.normalized != is_normalized(found.path)
    return None if is_outdated else found


def conversion_of(original: InstalledModel, tries: list[Precision], home: Path | None = None) -> InstalledModel | None:
    """What a search over these precisions would end with, if that is known and this version can load it."""
    profile = original.profile
    missing: list[Precision] = []
    for precision in tries:
        try:
            found = find(profile.model_id, profile.revision, backend="openvino", precision=precision, home=home)
        except (ModelNotInstalled, ModelCorrupt):
            missing.append(precision)
            continue
        known = {*missing} <= {*found.profile.provenance.get(REFUSED, "").split()}
        is_outdated = found.profile.normalized != profile.normalized
        return found if known and not is_outdated and _loads(found.path) else None
    return None


def _loads(folder: Path) -> bool:
    try:
        read_graph(folder, openvino.Core())
    except RuntimeError:  # converted by another version, or damaged
        return False
    return True
