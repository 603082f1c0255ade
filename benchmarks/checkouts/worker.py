"""Runs in either checkout, with its packages: loads a conversion, then times one packed row after the other.

Takes the conversion's folder and a group size of activations (0: the checkout's own) as arguments, and lines of JSON
from standard input: `[tokens, repetitions]`. Says first the seconds to load and MiB of memory, then for each line the
milliseconds of each repetition. Uses only what every commit since packed rows has.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bentos.common.backends.interface import TokenRow
from bentos.common.backends.openvino import OpenVINOBackend

_THREADS = 2
_WINDOW = 512


def _memory_mib() -> int:
    """Without pages of files, which all processes share and the system takes back."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    return int(fields["Anonymous"].split()[0]) // 1024


def _say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def main(folder: Path, group_size: int) -> None:
    """Answer each line of standard input."""
    started = time.perf_counter()
    groups: dict[str, Any] = {"activation_group_size": group_size} if group_size else {}
    backend = OpenVINOBackend(
        folder, precision="int8", pooling="mean", threads=_THREADS, streams=1, window=_WINDOW, reserved=True, **groups
    )
    seconds = time.perf_counter() - started
    for tokens in list(getattr(backend, "unprepared", ())):
        backend.prepare(tokens)
    _say({"load_seconds": seconds, "memory_mib": _memory_mib()})
    random = np.random.default_rng(0)
    for line in sys.stdin:
        tokens, repetitions = json.loads(line)
        rows = [
            TokenRow(random.integers(5, 200_000, tokens).astype(np.int32), np.zeros(tokens, np.int32))
            for _ in range(repetitions)
        ]
        times = []
        for row in rows:
            before = time.perf_counter()
            backend.infer([row])
            times.append(1000 * (time.perf_counter() - before))
        _say(times)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
