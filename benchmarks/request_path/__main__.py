"""The way of one request: which files it goes through, and how often it moves from one to another.

    python -m benchmarks.request_path [--checkout DIR] [--way] [--json FILE]

A new text, one that is cached (as another spelling of it, or as itself) and a rerank of three documents are each sent
once to a service that runs in a process of its own, with the small models. Written down are the named functions of
`bentos` that a request calls, in all threads and in their order; a move is a call in another file than the call before.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import orjson
import typer

from benchmarks.request_path.tracer import Call
from benchmarks.served import ROOT

_TRACER = Path(__file__).with_name("tracer.py")
_SETTINGS = {
    "EMBED_MODEL": "sentence-transformers/all-MiniLM-L6-v2",
    "RERANK_MODEL": "duobento/small-reranker-demo",
    "CACHE_URL": "memory",
    "ACCESS_LOG": "false",
}


@dataclass(frozen=True)
class Way:
    """What one request calls.

    Attributes:
        calls: in their order.
    """

    calls: Sequence[Call]

    @property
    def stops(self) -> list[tuple[str, list[str]]]:
        """Files in the order in which the request comes through them, each with the functions that it calls there."""
        return [
            (file, [function for _, function in calls]) for file, calls in groupby(self.calls, key=lambda call: call[0])
        ]

    @property
    def figures(self) -> dict[str, int]:
        """Files, functions and moves."""
        return {
            "files": len({file for file, _ in self.calls}),
            "functions": len(set(self.calls)),
            "moves": len(self.stops) - 1,
        }

    def __str__(self) -> str:
        """Each stop in a line."""
        return "\n".join(
            f"{number:3}  {file}: {', '.join(functions)}" for number, (file, functions) in enumerate(self.stops)
        )


def trace(checkout: Path) -> dict[str, Way]:
    """The ways of all requests, by what they ask."""
    ways: dict[str, Way] = {}
    with TemporaryDirectory() as folder:
        for service in ("embed", "rerank"):
            file = Path(folder, service)
            subprocess.run(
                [sys.executable, "-P", str(_TRACER), service, str(file)],
                cwd=checkout,
                env={**os.environ, **_SETTINGS, "PYTHONPATH": str(checkout), "BENTOML_DO_NOT_TRACK": "True"},
                stdout=subprocess.DEVNULL,
                check=True,
            )
            ways |= {
                name: Way([tuple(call) for call in calls]) for name, calls in orjson.loads(file.read_bytes()).items()
            }
    del ways["warm-up"]
    return ways


def main(
    checkout: Annotated[Path, typer.Option(help="A checkout of this repository.")] = ROOT,
    way: Annotated[bool, typer.Option("--way", help="Also print the files in their order.")] = False,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Print the figures as a Markdown table."""
    ways = trace(checkout.resolve())
    typer.echo("| request | files | functions | moves |\n|---|---|---|---|")
    for name, found in ways.items():
        typer.echo(f"| {name} | " + " | ".join(map(str, found.figures.values())) + " |")
    for name, found in ways.items() if way else ():
        typer.echo(f"\n{name}\n\n{found}")
    if json:
        json.write_bytes(
            orjson.dumps({name: found.figures for name, found in ways.items()}, option=orjson.OPT_INDENT_2)
        )


if __name__ == "__main__":
    typer.run(main)
