"""Converts a model in a process of its own: `python -m tests.unit.common.backends.convert KIND FOLDER OUT PRECISION…`.

As in real life: a service never converts. glibc's checks find a damaged heap in processes that convert and then infer.
"""

import sys
from pathlib import Path

import scripts.models  # noqa: F401  before openvino
from bentos.common.backends.interface import Kind
from scripts.models.conversion.graph import write_graph
from scripts.models.conversion.precision import Precision


def main(kind: Kind, folder: str, out: str, *precisions: Precision) -> None:
    """Write the model in each precision to a folder of its name under `out`."""
    for precision in precisions:
        target = Path(out, precision)
        target.mkdir()
        write_graph(Path(folder), kind, precision, target)


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
