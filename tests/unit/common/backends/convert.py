"""Converts a model in a process of its own: `python -m tests.unit.common.backends.convert KIND FOLDER OUT PRECISION…`.

As in real life: a service never converts. glibc's checks find a damaged heap in processes that convert and then infer.
"""

import sys
from pathlib import Path

from sentence_transformers import CrossEncoder, SentenceTransformer

from scripts.models.conversion.graph import packed_graph
from scripts.models.conversion.precision import Precision
from scripts.models.conversion.weights import write_weights


def main(kind: str, folder: str, out: str, *precisions: Precision) -> None:
    """Write the model in each precision to a folder of its name under `out`."""
    graph = packed_graph((SentenceTransformer if kind == "encoder" else CrossEncoder)(folder, device="cpu"))
    for precision in precisions:
        target = Path(out, precision)
        target.mkdir()
        write_weights(graph, precision, target)


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
