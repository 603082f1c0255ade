"""Whether a model's own files normalize its vectors, or only we do."""

import json
from pathlib import Path

from bentos.common.models.profile import ModelProfile, tag_of

_MODULES = "modules.json"


def ends_in_normalize(folder: Path, profile: ModelProfile) -> bool | None:
    """Whether the last of a model's modules is sentence-transformers' Normalize; none if no file says so.

    Args:
        folder: of the artefact.
        profile: of the artefact; of a converted one the original beside it in the store is asked, too.
    """
    _, _, version = tag_of(profile.model_id, profile.revision, "torch", "fp32").partition(":")
    for place in (folder, folder.parent / version):
        try:
            modules = json.loads((place / _MODULES).read_bytes())
            return bool(modules[-1]["type"].endswith(".Normalize"))
        except FileNotFoundError:
            continue
        except (ValueError, LookupError, TypeError, AttributeError):
            return None
    return None
