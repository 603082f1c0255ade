"""How long `bentoml serve` takes until `/ready` answers, and what memory does afterwards, for windows of any length.

    python -m benchmarks.make_synthetic synthetic/multilingual-e5-large synthetic/bge-m3
    python -m benchmarks.time_to_ready synthetic/multilingual-e5-large synthetic/bge-m3 [--rounds 3]

Each encoder is started in turn, round by round, in int8 and without a cache. Memory is that of the process with the
model: when it is ready, after half a minute of idle time, in which more lengths are prepared, and after a text as long
as the window, twice.
"""

import time
from collections.abc import Iterator
from statistics import median
from typing import Annotated

import httpx
import typer

from benchmarks.machine import processor
from benchmarks.markdown import table
from benchmarks.served import Served, served
from bentos.common.models import store as model_store

_IDLE_SECONDS = 30
_LONG_TEXTS = 2
_MIB = 2**20
_PATIENT = {"EMBED_MAX_INTERACTIVE_WAIT_SECONDS": "600"}
"""A text of 8,192 tokens takes longer than a service lets it wait by default."""


def _measure(model_id: str) -> Iterator[float]:
    """Seconds to ready, then MiB at each step."""
    window = model_store.find(model_id, backend="openvino", precision="int8").profile.max_tokens
    started = time.perf_counter()
    with served("embed", {"EMBED_MODEL": model_id, **_PATIENT}) as service:
        yield time.perf_counter() - started
        yield _resident_mib(service)
        time.sleep(_IDLE_SECONDS)
        yield _resident_mib(service)
        for _ in range(_LONG_TEXTS):
            answer = httpx.post(f"{service.url}/embed", json={"texts": ["word " * window]}, timeout=600)
            answer.raise_for_status()
            yield _resident_mib(service)


def _resident_mib(service: Served) -> float:
    return service.resident_bytes() / _MIB


def main(
    models: Annotated[list[str], typer.Argument(help="Installed encoders in int8.")],
    rounds: Annotated[int, typer.Option(min=1)] = 3,
) -> None:
    """Measure and print a table."""
    measured: dict[str, list[list[float]]] = {model: [] for model in models}
    for _ in range(rounds):
        for model in models:
            measured[model].append(list(_measure(model)))
    head = ["model", "ready, s", "MiB when ready", "after idle time", "after a full window", "after another"]
    rows = [
        [model, *(f"{median(figures):,.1f}" for figures in zip(*of, strict=True))] for model, of in measured.items()
    ]
    print(processor())
    print(table(head, rows, numbers=True))


if __name__ == "__main__":
    typer.run(main)
