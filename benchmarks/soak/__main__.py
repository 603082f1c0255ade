"""Whether both services stay as they are under mixed load for a long time, or under clients that leave at once.

    python -m benchmarks.soak [--minutes 30] [--json FILE]      mixed requests at 70 % of what both can do
    python -m benchmarks.soak --abandon [--minutes 1]           small requests that nobody waits for

Both services share the machine; what they can do is measured first, with the same requests.
"""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvloop

from benchmarks.machine import processor
from benchmarks.probing import probed
from benchmarks.served import ROOT, Served, served
from benchmarks.soak.clients import abandon, saturated, soak
from benchmarks.soak.memory import rise, sampled
from benchmarks.soak.mix import Mix

_SETTLED_MINUTES = 10.0
# Full before minute 10: a cache that still fills would look like a leak.
_CACHE = {"CACHE_URL": "memory", "CACHE_MEMORY_BYTES": str(16 * 2**20)}


async def _soak(services: dict[str, Served], mixes: dict[str, Mix], load: float, seconds: float) -> dict[str, Any]:
    async with asyncio.TaskGroup() as group:
        warm = [
            group.create_task(saturated(services[name].url, mixes[name], min(20.0, seconds / 2))) for name in services
        ]
    rates = {name: load * task.result() for name, task in zip(services, warm, strict=True)}
    with ExitStack() as stack:
        probes = {name: stack.enter_context(probed(service.url)) for name, service in services.items()}
        memory = stack.enter_context(sampled(services))
        async with asyncio.TaskGroup() as group:
            soaking = {
                name: group.create_task(soak(services[name].url, mixes[name], rates[name], seconds))
                for name in services
            }
    settled = round(min(_SETTLED_MINUTES * 60, seconds / 3))
    figures: dict[str, Any] = {}
    for name, task in soaking.items():
        then, end = rise(memory[name], settled)
        figures[name] = {
            "requests/s": round(rates[name], 1),
            "statuses": dict(sorted(task.result().items())),
            "probes": probes[name].figures(),
            f"resident MiB at minute {settled / 60:g}": round(then, 1),
            "resident MiB at the end": round(end, 1),
            "rise, %": round((end / then - 1) * 100, 2),
            "resident MiB by minute": [round(one / 2**20) for one in memory[name][::60]],
        }
    return figures


async def _abandon(services: dict[str, Served], mixes: dict[str, Mix], rate: float, seconds: float) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for name, service in services.items():
        with probed(service.url) as probes:
            sent = await abandon(service.url, mixes[name].single(), rate, seconds)
        figures[name] = {"abandoned/s": round(sent / seconds, 1), "probes": probes.figures()}
    return figures


def main(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 30.0,
    load: Annotated[float, typer.Option(min=0.01, help="Share of what the services can do.")] = 0.7,
    abandoned: Annotated[bool, typer.Option("--abandon", help="Only clients that leave at once.")] = False,
    rate: Annotated[float, typer.Option(min=1, help="Of --abandon, requests per second.")] = 366.0,
    embed_model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
    rerank_model: Annotated[str, typer.Option(help="An installed cross-encoder.")] = "duobento/small-reranker-demo",
    checkout: Annotated[Path, typer.Option(help="Whose services are run.")] = ROOT,
    json: Annotated[Path | None, typer.Option(help="Also write the figures to this file.")] = None,
) -> None:
    """Print the figures as JSON."""
    models = {"embed": embed_model, "rerank": rerank_model}
    with ExitStack() as stack:
        services = {
            name: stack.enter_context(served(name, _CACHE | {f"{name.upper()}_MODEL": model}, checkout.resolve()))
            for name, model in models.items()
        }
        mixes = {name: Mix(name, services[name], model) for name, model in models.items()}
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(
                _abandon(services, mixes, rate, minutes * 60)
                if abandoned
                else _soak(services, mixes, load, minutes * 60)
            )
    figures = {"processor": processor(), "minutes": minutes, **found}
    written = orjson.dumps(figures, option=orjson.OPT_INDENT_2)
    typer.echo(written.decode())
    if json:
        json.write_bytes(written)


if __name__ == "__main__":
    typer.run(main)
