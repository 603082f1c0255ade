"""How fast a service's probes answer while something else happens to it, seen from a process of its own.

Each probe has a fresh connection, as an orchestrator's has, and goes out when it is due, whether or not the one before
it is answered: `/live`, `/ready` and `/health` in turn, one every 50 ms.
"""

import asyncio
import itertools
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

_ROOT = Path(__file__).parents[1]
_PATHS = ("/live", "/ready", "/health")
_EVERY_SECONDS = 0.05
_GIVE_UP_SECONDS = 60.0
LOST = "no answer"
"""Stands for a status."""


@dataclass
class Probes:
    """What probes saw; empty until the block has ended.

    Attributes:
        milliseconds: of each probe, in the order in which they were sent.
        statuses: number of probes by status.
        lag_ms: maximum by which the prober itself was late.
    """

    milliseconds: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    lag_ms: float = 0.0

    @property
    def worst_ms(self) -> float:
        """Slowest answer."""
        return max(self.milliseconds)

    def figures(self) -> dict[str, object]:
        """The slowest and typical answer in milliseconds, and the statuses."""
        p50, p99 = np.percentile(self.milliseconds, [50, 99])
        return {
            "probes": len(self.milliseconds),
            "p50 ms": round(float(p50), 1),
            "p99 ms": round(float(p99), 1),
            "worst ms": round(self.worst_ms, 1),
            "statuses": self.statuses,
            "prober late by at most ms": round(self.lag_ms, 1),
        }


@contextmanager
def probed(url: str) -> Iterator[Probes]:
    """Probe a service during the block; the result is complete after it."""
    probes = Probes()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.probing", url], cwd=_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    try:
        process.stdout.readline()  # it has begun
        yield probes
    finally:
        process.send_signal(signal.SIGINT)
        seen, _ = process.communicate(timeout=_GIVE_UP_SECONDS + 10)
    vars(probes).update(json.loads(seen))


async def _probe(url: str) -> Probes:
    """Probe until SIGINT."""
    loop, address = asyncio.get_running_loop(), urlsplit(url)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    print("began", flush=True)
    answers: dict[int, float] = {}
    statuses: Counter[str] = Counter()
    lag = 0.0

    async def ask(number: int, path: str) -> None:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_GIVE_UP_SECONDS):
                reader, writer = await asyncio.open_connection(address.hostname, address.port)
                writer.write(f"GET {path} HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read()
                writer.close()
            statuses[f"{path} {answer[9:12].decode()}" if answer else LOST] += 1
        except (OSError, TimeoutError):
            statuses[LOST] += 1
        answers[number] = (time.perf_counter() - started) * 1000

    due = time.perf_counter()
    async with asyncio.TaskGroup() as asking:
        for number, path in enumerate(itertools.cycle(_PATHS)):
            now = time.perf_counter()
            lag = max(lag, now - due)
            due = max(due, now)  # what was missed is not made up for: it would be a flood
            try:
                await asyncio.wait_for(stop.wait(), due - now)
                break
            except TimeoutError:
                asking.create_task(ask(number, path))
            due += _EVERY_SECONDS
    return Probes([answers[number] for number in sorted(answers)], dict(statuses), lag * 1000)


if __name__ == "__main__":
    print(json.dumps(vars(asyncio.run(_probe(sys.argv[1])))))
