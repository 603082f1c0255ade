"""How close each family of models comes to sentence-transformers: miniatures with random weights, on this processor.

`python -m benchmarks.families` writes the figures that `make docs` puts into docs/models.md.
"""

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bentos.common.backends.interface import Kind, Outputs
from bentos.common.backends.openvino import OpenVINOBackend
from bentos.common.backends.torch_packed.heads import FAMILIES as PACKED_ON_A_GPU
from bentos.common.engine.pairs import pair_format
from bentos.common.engine.tokenizer import Tokenizer
from scripts.docs.families_table import FILE, LANGUAGE_MODELS, Figures
from scripts.models.conversion.architecture import read_architecture
from scripts.models.conversion.families import FAMILIES
from scripts.models.conversion.graph import write_graph
from scripts.models.conversion.precision import Precision
from scripts.models.files.known_rerankers import KNOWN, complete
from scripts.models.files.tokenizer import ensure_tokenizer
from scripts.models.miniatures.families import FAMILIES as MINIATURES
from scripts.models.miniatures.families import write_cross_encoder, write_encoder
from scripts.models.miniatures.rerankers import write_reranker
from scripts.models.miniatures.static import write_static
from scripts.models.reference import Reference
from scripts.models.rows import pair_rows
from scripts.models.trial import Trial
from scripts.models.trial_texts import LONG_TEXT, PAIRS, TEXTS

_WINDOW = 128
_PRECISIONS: list[Precision] = ["fp32", "int8"]
_TEXTS = [*TEXTS, LONG_TEXT]


def _measure(kind: Kind, write: Callable[[Path], Path], window: int = _WINDOW) -> dict[str, float]:
    """The smallest cosine of an encoder's vectors, or the largest difference of a cross-encoder's logits."""
    with TemporaryDirectory() as work:
        folder = write(Path(work) / "model")
        ensure_tokenizer(folder)
        reference = Reference(folder, kind)
        trial = reference.trial(window)
        part = _TEXTS if kind == "encoder" else PAIRS
        expected = reference.outputs(part, "", trial.window)
        found = {precision: _served(folder, Path(work), kind, precision, trial) for precision in _PRECISIONS}
        return {precision: _distance(kind, expected, outputs) for precision, outputs in found.items()}


def _served(folder: Path, work: Path, kind: Kind, precision: Precision, trial: Trial) -> Outputs:
    out = work / precision
    out.mkdir()
    write_graph(folder, kind, precision, out)
    pooling = read_architecture(folder, kind).pooling
    tokenizer = Tokenizer.load(folder, trial.window)
    if kind == "encoder":
        contents = tokenizer.contents(_TEXTS, tokenizer.content_limit)
        rows = [tokenizer.row(content.ids) for content in contents]
    else:
        rows = pair_rows(pair_format(tokenizer, trial.pair_prompt), PAIRS)
    backend = OpenVINOBackend(out, precision=precision, pooling=pooling, threads=1, streams=1, window=trial.window)
    try:
        return backend.infer(rows)
    finally:
        backend.close()


def _distance(kind: Kind, expected: Outputs, found: Outputs) -> float:
    if kind == "cross-encoder":
        return float(np.abs(expected - found).max())
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    return float((np.einsum("td,td->t", expected, found) / lengths).min())


def _figures(family: str) -> Figures:
    if family == "static":
        return Figures(encoder=_measure("encoder", write_static), gpu="packed")
    pooling = "lasttoken" if MINIATURES[family].tokens == "end" else "mean"
    return Figures(
        encoder=_measure("encoder", lambda folder: write_encoder(folder, family, pooling=pooling)),
        cross_encoder=_measure("cross-encoder", lambda folder: write_cross_encoder(folder, family)),
        language_model=_measure("cross-encoder", lambda folder: _reranker(folder, family), 512)
        if family in LANGUAGE_MODELS
        else None,
        gpu="packed" if family in PACKED_ON_A_GPU else "padded",
    )


def _reranker(folder: Path, family: str) -> Path:
    write_reranker(folder, family, template=KNOWN[0].template, layout="bare")
    complete(folder, "any/reranker", "cross-encoder")
    return folder


def main() -> None:
    """Measure all families and write the file."""
    families = {family: _figures(family).model_dump(exclude_none=True) for family in [*FAMILIES, "static"]}
    tools = {name: version(name) for name in ("sentence-transformers", "transformers", "openvino")}
    FILE.write_text(json.dumps({"compared with": tools, "families": families}, indent=1) + "\n")


if __name__ == "__main__":
    main()
