"""One load and one inference before a model is stored."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bentos.common.backends.interface import Kind
from bentos.common.backends.packing import pack
from bentos.common.engine.tokenizer import Tokenizer
from scripts.command import UsageError
from scripts.models import facts
from scripts.models.conversion.torch_only import has_torch

_QUERY = "how do plants make sugar"
_PASSAGE = "Photosynthesis turns light, water and carbon dioxide into sugar."


def try_model(folder: Path, kind: Kind) -> int | None:
    """Load the model on the CPU as a service would and check that its answer is finite.

    Returns:
        The length of an encoder's vectors, None for a cross-encoder.

    Raises:
        UsageError: It does not load, or its answer is not usable.
    """
    try:
        output = (_run_original if has_torch() else _run_graph)(folder, kind)
    except UsageError:
        raise
    except Exception as error:
        reason = str(error).strip().partition("\n")[0]
        raise UsageError(f"The model does not load: {type(error).__name__}: {reason}") from error
    if not np.isfinite(output).all() or not output.any():
        raise UsageError("The model loads but its output is not a usable number.")
    return int(output.shape[-1]) if kind == "encoder" else None


def _run_original(folder: Path, kind: Kind) -> NDArray[np.float32]:
    # torch takes seconds to import; `list` and `--help` do without.
    from sentence_transformers import CrossEncoder, SentenceTransformer

    if kind == "encoder":
        encoder = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        return np.asarray(encoder.encode([_PASSAGE], show_progress_bar=False))
    scorer = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    return np.asarray(scorer.predict([(_QUERY, _PASSAGE)], show_progress_bar=False))


def _run_graph(folder: Path, kind: Kind) -> NDArray[np.float32]:
    """Without PyTorch the packed graph is what can be served."""
    import openvino

    from scripts.models.conversion.architecture import read_architecture
    from scripts.models.conversion.graph import packed_graph

    tokenizer = Tokenizer.load(folder, facts.read_window(folder))
    query, passage = tokenizer.contents([_QUERY, _PASSAGE], tokenizer.pair_content_limit // 2)
    row = tokenizer.row(passage.ids) if kind == "encoder" else tokenizer.pair_row(query.ids, passage.ids)
    architecture = read_architecture(folder, kind)
    compiled = openvino.Core().compile_model(packed_graph(folder, kind, "int8"), "CPU")
    output: NDArray[np.float32] = compiled(pack([row], architecture.pooling, uses_types=architecture.uses_types))[0]
    return output[:1]
