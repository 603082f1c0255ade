"""The CPU backend of this checkout against that of another commit's, side by side at the size of multilingual-e5-large.

    git worktree add ../before COMMIT && make -C ../before venv
    (cd ../before && BENTOML_HOME=$PWD/.models .venv/bin/python -m scripts.models install small-e5 --precision none &&
        BENTOML_HOME=$PWD/.models .venv/bin/python -m benchmarks.make_synthetic)
    .venv/bin/python -m benchmarks.make_synthetic
    .venv/bin/python -m benchmarks.checkouts ../before ../before/.models [--rounds 5] [--json FILE]

Each loads its own conversion to int8 with its own packages in processes that compute rows only when they are asked to:
one checkout after the other, round by round. Ours is written anew, and measured with groups of 64 and of 256
activations, as installing a model chooses among them by its own texts. Two processes of one side may differ by a
quarter as long as they live, so each side has two, and the faster one counts. Milliseconds are a round's fastest, so
that other processes' moments drop out; ratios are medians over rounds.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple, TypeAlias

import typer

from benchmarks.machine import processor
from benchmarks.make_synthetic import ENCODER
from benchmarks.markdown import table
from benchmarks.rounds import median_ratio
from bentos.common.models import store as model_store
from scripts.models.conversion.graph import write_graph

_ROOT = Path(__file__).parents[2]
_WORKER = Path(__file__).with_name("worker.py")
_LENGTHS = {10: 12, 16: 12, 20: 12, 32: 12, 64: 8, 256: 4}
"""Rows of so many tokens, so many times a round."""

_Times: TypeAlias = dict[str, dict[int, list[float]]]
"""Milliseconds of each round, by side and tokens."""


class _Side(NamedTuple):
    """What is measured.

    Attributes:
        checkout: its code and packages are used.
        conversion: the model's folder.
        group_size: of activations; 0 for the checkout's own.
    """

    checkout: Path
    conversion: Path
    group_size: int = 0


class _Process:
    """A side's model in a process of its own.

    Attributes:
        loaded: what it said of loading: seconds and MiB.
    """

    def __init__(self, side: _Side) -> None:
        self._process = subprocess.Popen(
            [side.checkout / ".venv/bin/python", _WORKER, side.conversion, str(side.group_size)],
            cwd=side.checkout,
            env={"PYTHONPATH": str(side.checkout)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.loaded: dict[str, float] = self._answer()

    def fastest(self, tokens: int, repetitions: int) -> float:
        """Milliseconds of a row."""
        assert self._process.stdin
        print(json.dumps([tokens, repetitions]), file=self._process.stdin, flush=True)
        times: list[float] = self._answer()
        return min(times)

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise typer.BadParameter("A worker has ended: see its error above.")
        return json.loads(line)


def main(
    other: Annotated[Path, typer.Argument(help="Another checkout, with its .venv.", exists=True, file_okay=False)],
    their_models: Annotated[Path, typer.Argument(help="BENTOML_HOME of its synthetic models.", exists=True)],
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    out: Annotated[Path | None, typer.Option("--json", help="Also write all figures.")] = None,
) -> None:
    """Measure both and print a table."""
    conversions = list(their_models.glob(f"models/{ENCODER.replace('/', '--')}/*-openvino-int8"))
    if not conversions:
        raise typer.BadParameter(f"{their_models} holds no {ENCODER} in int8: run its benchmarks.make_synthetic")
    work = TemporaryDirectory(prefix="checkouts-")
    ours = Path(work.name)
    write_graph(model_store.find(ENCODER).path, "encoder", "int8", ours)
    sides = {
        "before": _Side(other.resolve(), conversions[0].resolve()),
        "groups of 64": _Side(_ROOT, ours, 64),
        "groups of 256": _Side(_ROOT, ours, 256),
    }
    processes = [(name, _Process(sides[name])) for name in [*sides, *reversed(sides)]]
    times: _Times = {name: {tokens: [] for tokens in _LENGTHS} for name in sides}
    for _ in range(rounds):
        for tokens, repetitions in _LENGTHS.items():
            measured = [(name, process.fastest(tokens, repetitions)) for name, process in processes]
            for name in sides:
                times[name][tokens].append(min(milliseconds for side, milliseconds in measured if side == name))
    loaded = {name: process.loaded for name, process in processes}
    for _, process in processes:
        process.kill()
    work.cleanup()
    print(processor())
    print(table(["", *sides, *(f"{name}, times before" for name in list(sides)[1:])], list(_rows(loaded, times))))
    if out:
        commit = subprocess.check_output(["git", "-C", other, "rev-parse", "--short", "HEAD"], text=True).strip()
        report = {"processor": processor(), "before": commit, "loaded": loaded, "milliseconds": times}
        out.write_text(json.dumps(report, indent=1) + "\n")


def _rows(loaded: dict[str, dict[str, float]], times: _Times) -> Iterator[list[str]]:
    before, *after = times
    for tokens in _LENGTHS:
        medians = [f"{median(times[name][tokens]):.1f} ms" for name in times]
        ratios = [f"{median_ratio(times[name][tokens], times[before][tokens]):.2f}" for name in after]
        yield [f"{tokens} tokens", *medians, *ratios]
    for figure, label, unit in (("load_seconds", "loading", "s"), ("memory_mib", "memory", "MiB")):
        values = [loaded[name][figure] for name in times]
        yield [
            label,
            *(f"{value:.1f} {unit}" for value in values),
            *(f"{value / values[0]:.2f}" for value in values[1:]),
        ]


if __name__ == "__main__":
    typer.run(main)
