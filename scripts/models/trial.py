"""One load and one inference before a model is stored."""

from pathlib import Path

import numpy as np

from bentos.common.backends.interface import Kind
from scripts.command import UsageError

_QUERY = "how do plants make sugar"
_PASSAGE = "Photosynthesis turns light, water and carbon dioxide into sugar."


def try_model(folder: Path, kind: Kind) -> int | None:
    """Load the model on the CPU as a service would and check that its answer is finite.

    Returns:
        The length of an encoder's vectors, None for a cross-encoder.

    Raises:
        UsageError: It does not load, or its answer is not usable.
    """
    # torch takes seconds to import; `list` and `--help` do without.
    from sentence_transformers import CrossEncoder, SentenceTransformer

    try:
        if kind == "encoder":
            encoder = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
            output = np.asarray(encoder.encode([_PASSAGE], show_progress_bar=False))
        else:
            scorer = CrossEncoder(str(folder), device="cpu", local_files_only=True)
            output = np.asarray(scorer.predict([(_QUERY, _PASSAGE)], show_progress_bar=False))
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"The model does not load: {type(error).__name__}: {reason}") from error
    if not np.isfinite(output).all() or not output.any():
        raise UsageError("The model loads but its output is not a usable number.")
    return int(output.shape[-1]) if kind == "encoder" else None
