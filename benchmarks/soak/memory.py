"""Resident memory of services, sampled while they are under load."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from statistics import median

from benchmarks.served import Served

_EVERY_SECONDS = 1.0
_AROUND_SECONDS = 30

Samples = dict[str, list[int]]
"""Bytes by service, one a second."""


@contextmanager
def sampled(services: Mapping[str, Served]) -> Iterator[Samples]:
    """Sample during the block."""
    samples: Samples = {name: [] for name in services}
    stop = threading.Event()

    def sample() -> None:
        while not stop.wait(_EVERY_SECONDS):
            for name, service in services.items():
                samples[name].append(service.resident_bytes())

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        stop.set()
        thread.join()


def rise(samples: list[int], second: int) -> tuple[float, float]:
    """Memory around a second and at the end, in MiB, each the median of half a minute."""
    then = samples[max(0, second - _AROUND_SECONDS) : second] or samples[:1]
    return median(then) / 2**20, median(samples[-_AROUND_SECONDS:]) / 2**20
