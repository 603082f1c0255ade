"""What a service does with more work than it can do: goodput, refusals, probes, and who is let in after a burst.

    python -m benchmarks.overload [--model ID …] [--checkout DIR] [--part overload|refusals|sweep|burst …]
                                  [--json FILE] [--picture FILE]

With `--checkout` the services of another checkout of this repository are measured first, as "before".
"""

import asyncio
import resource
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvloop

from benchmarks.machine import processor
from benchmarks.make_synthetic import CROSS_ENCODER, ENCODER
from benchmarks.overload.measures import Bench
from benchmarks.overload.picture import draw
from benchmarks.overload.plan import Plan
from benchmarks.overload.requests import SERVICES
from benchmarks.served import ROOT, served
from bentos.common.models import store as model_store
from bentos.common.models.store import InstalledModel

_SETTING = {"encoder": "EMBED_MODEL", "cross-encoder": "RERANK_MODEL"}


class Part(StrEnum):
    """One of the measurements."""

    OVERLOAD = "overload"
    REFUSALS = "refusals"
    SWEEP = "sweep"
    BURST = "burst"


def measure(model: InstalledModel, checkout: Path, plan: Plan, parts: list[Part], settings: dict[str, str]) -> Any:
    """Start a service of a checkout and measure these parts."""
    kind = model.profile.kind
    environment = {_SETTING[kind]: model.profile.model_id, **settings}
    with served(SERVICES[kind], environment, checkout) as service:
        bench = Bench(service, model, plan)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return {part.value: runner.run(getattr(bench, part.value)()) for part in parts}


def main(
    model: Annotated[list[str], typer.Option(help="Installed models, encoders or cross-encoders.")] = [  # noqa: B006
        ENCODER,
        CROSS_ENCODER,
        "sentence-transformers/all-MiniLM-L6-v2",
    ],
    checkout: Annotated[Path | None, typer.Option(help="Another checkout, measured as `before`.")] = None,
    part: Annotated[list[Part], typer.Option(help="What to measure.")] = list(Part),  # noqa: B006
    times: Annotated[float, typer.Option(min=0.1, help="Overload in saturated rates.")] = 5.0,
    seconds: Annotated[float, typer.Option(min=10, help="Length of the overload.")] = 60.0,
    clients: Annotated[int, typer.Option(min=1, help="Clients that saturate the service.")] = 32,
    saturation_seconds: Annotated[float, typer.Option(min=1, help="How long they do.")] = 20.0,
    sweep_seconds: Annotated[float, typer.Option(min=2, help="Length of each load of the sweep.")] = 30.0,
    burst_seconds: Annotated[float, typer.Option(min=1, help="Length of the burst.")] = 30.0,
    after_seconds: Annotated[float, typer.Option(min=1, help="Length of half the load after it.")] = 120.0,
    setting: Annotated[list[str], typer.Option(help="NAME=VALUE for the services.")] = [],  # noqa: B006
    json: Annotated[Path | None, typer.Option(help="Also keep the figures in this file, beside other models'.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the sweeps of all models of --json, as SVG.")] = None,
) -> None:
    """Print the figures as JSON."""
    _, max_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max_files, max_files))
    plan = Plan(
        clients=clients,
        saturation_seconds=saturation_seconds,
        times=times,
        seconds=seconds,
        sweep_seconds=sweep_seconds,
        burst_seconds=burst_seconds,
        after_seconds=after_seconds,
    )
    figures: dict[str, Any] = orjson.loads(json.read_bytes()) if json and json.exists() else {}
    settings = dict(pair.split("=", 1) for pair in setting)
    sides = {"before": checkout, "after": ROOT} if checkout else {"after": ROOT}
    for name in model:
        installed = model_store.find(name)
        found = figures.setdefault(name, {})
        found["processor"] = processor()
        for side, folder in sides.items():
            found.setdefault(side, {}).update(measure(installed, folder.resolve(), plan, part, settings))
            typer.echo(orjson.dumps({name: {side: found[side]}}, option=orjson.OPT_INDENT_2).decode())
            if json:
                json.write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))
    if picture:
        draw(figures, picture)


if __name__ == "__main__":
    typer.run(main)
