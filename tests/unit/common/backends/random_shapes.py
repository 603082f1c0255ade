"""Infers micro-batches of random shapes: `python -m tests.unit.common.backends.random_shapes FOLDER POOLING COUNT…`.

Prints the process's resident bytes after each of the counts.
"""

import sys
from pathlib import Path

import numpy as np
import psutil

from bentos.common.backends.interface import Pooling, TokenRow
from bentos.common.backends.openvino import OpenVINOBackend

WINDOW = 512


def main(folder: str, pooling: Pooling, *counts: str) -> None:
    """Run the counts one after the other in one process."""
    precision = Path(folder).name
    backend = OpenVINOBackend(Path(folder), precision=precision, pooling=pooling, threads=2, streams=2, window=WINDOW)
    for tokens in backend.unprepared:  # as a service does while it is idle
        backend.prepare(tokens)
    source = np.random.default_rng(0)
    done = 0
    for count in map(int, counts):
        for _ in range(count - done):
            lengths = source.lognormal(1.8, 1.1, source.integers(1, 4)).astype(int).clip(1, WINDOW)
            backend.infer([TokenRow(np.full(n, 5, np.int32), np.zeros(n, np.int32)) for n in lengths])
        done = count
        print(psutil.Process().memory_info().rss, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
