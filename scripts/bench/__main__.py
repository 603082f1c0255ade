"""Command line of the performance test."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from scripts.bench.closed_loop import Plan
from scripts.bench.compare import Other
from scripts.bench.dialects import DIALECTS
from scripts.bench.errors import NotMeasured
from scripts.bench.report import html, json, terminal
from scripts.bench.run import Job, LoadPlan, run
from scripts.bench.search import SearchPlan
from scripts.bench.targets import with_overrides
from scripts.bench.texts import Texts, read_lines
from scripts.deployment import DeploymentSettings, read, service_url
from scripts.migrate.copy.template import Template
from scripts.migrate.errors import MigrateError
from scripts.qdrant import QdrantSettings

TOO_SLOW, NOT_MEASURED = 1, 3

_SLO = {"embed": "p95-embedding", "rerank": "p95-rerank"}

app = typer.Typer(add_completion=False)

_WHERE, _WHAT, _LOAD, _SEARCH, _OTHER, _OUTPUT = (
    "Where",
    "What is sent",
    "Load",
    "Whole searches",
    "Another server",
    "Output",
)


def _can_be_written(file: Path | None) -> Path | None:
    """Notice before the measurement that its report would be lost."""
    if file and not (file.parent.is_dir() and os.access(file.parent, os.W_OK)):
        raise typer.BadParameter(f"{file.parent} is no folder that can be written to.")
    return file


@app.command()
def bench(
    embed_url: Annotated[
        str | None,
        typer.Option(
            help="URL of embed-service; default: EMBED_SERVICE_URL.", callback=service_url, rich_help_panel=_WHERE
        ),
    ] = None,
    rerank_url: Annotated[
        str | None,
        typer.Option(
            help="URL of rerank-service; default: RERANK_SERVICE_URL.", callback=service_url, rich_help_panel=_WHERE
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Key of the services; default: SERVICE_API_KEY.", rich_help_panel=_WHERE)
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds a request may take.", rich_help_panel=_WHERE)] = 30,
    iterations: Annotated[
        int, typer.Option(min=1, help="Requests of each kind that count.", rich_help_panel=_WHAT)
    ] = 20,
    warm_up: Annotated[
        int, typer.Option(min=0, help="Requests of each kind before, that do not count.", rich_help_panel=_WHAT)
    ] = 3,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts of one batch.", rich_help_panel=_WHAT)] = 32,
    documents: Annotated[int, typer.Option(min=1, help="Documents of one reranking.", rich_help_panel=_WHAT)] = 20,
    texts: Annotated[
        Path | None,
        typer.Option(help="File of texts to send, one a line; default: made-up ones.", rich_help_panel=_WHAT),
    ] = None,
    lengths: Annotated[
        str,
        typer.Option(
            help="Words of made-up texts: lognormal:MEDIAN, fixed:N or uniform:LOW:HIGH.", rich_help_panel=_WHAT
        ),
    ] = "lognormal:30",
    seed: Annotated[int, typer.Option(help="Of lengths, words and arrivals.", rich_help_panel=_WHAT)] = 0,
    target: Annotated[
        list[str] | None,
        typer.Option(help="Another target, such as rerank=100/200 (target/acceptable, in ms).", rich_help_panel=_WHAT),
    ] = None,
    targets: Annotated[
        Path | None, typer.Option(help='JSON file of other targets: {"rerank": [100, 200]}.', rich_help_panel=_WHAT)
    ] = None,
    load_on: Annotated[
        Literal["embed", "rerank"], typer.Option(help="Service that is put under load.", rich_help_panel=_LOAD)
    ] = "embed",
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Requests per second of open-loop load.", rich_help_panel=_LOAD)
    ] = None,
    duration: Annotated[float, typer.Option(min=0.1, help="Seconds of that load.", rich_help_panel=_LOAD)] = 30,
    find_max: Annotated[
        bool, typer.Option("--find-max", help="Search for the highest rate that it stands.", rich_help_panel=_LOAD)
    ] = False,
    step_seconds: Annotated[
        float, typer.Option(min=0.1, help="Least seconds of each step of the search.", rich_help_panel=_LOAD)
    ] = 5,
    slo_ms: Annotated[
        float | None,
        typer.Option(min=0.1, help="Latency that counts as good; else the acceptable P95.", rich_help_panel=_LOAD),
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(
            help="URL of another server of embeddings to compare with.", callback=service_url, rich_help_panel=_OTHER
        ),
    ] = None,
    compare_rerank: Annotated[
        str | None,
        typer.Option(
            help="URL of another server of rankings to compare with.", callback=service_url, rich_help_panel=_OTHER
        ),
    ] = None,
    dialect: Annotated[
        str, typer.Option(help=f"What it speaks: {', '.join(DIALECTS)}.", rich_help_panel=_OTHER)
    ] = "native",
    compare_model: Annotated[str, typer.Option(help="Model to name in requests to it.", rich_help_panel=_OTHER)] = "",
    compare_key: Annotated[str | None, typer.Option(help="Its key.", rich_help_panel=_OTHER)] = None,
    collection: Annotated[
        str | None,
        typer.Option(
            help="Collection in which whole searches are measured; default: none are.", rich_help_panel=_SEARCH
        ),
    ] = None,
    template: Annotated[
        str,
        typer.Option(help="Text of its points, of their payloads' fields in braces.", rich_help_panel=_SEARCH),
    ] = "{text}",
    vector: Annotated[
        str, typer.Option(help="Name of its vector; default: the only one.", rich_help_panel=_SEARCH)
    ] = "",
    qdrant_url: Annotated[
        str | None,
        typer.Option(
            help="Qdrant's URL, or the folder of its embedded engine; default: QDRANT_URL.", rich_help_panel=_SEARCH
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            help="File to write all figures to.",
            dir_okay=False,
            writable=True,
            callback=_can_be_written,
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    html_file: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="File to write a page with plots to.",
            dir_okay=False,
            writable=True,
            callback=_can_be_written,
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
) -> None:
    """Measure a running deployment and judge it by the guide's targets.

    Exits with 0 if it is fast enough, 1 if a figure is too slow or load is not held, 2 if an option or a variable is
    wrong, 3 if a request of the guide's test fails.
    """
    deployment = read(DeploymentSettings)
    try:
        chosen = with_overrides(targets, target or [])
        source = Texts(lengths, read_lines(texts) if texts else None, seed)
        other = _other(dialect, compare, compare_rerank, compare_key, compare_model)
        search = _search(collection, template, vector, qdrant_url, documents)
    except (ValueError, MigrateError) as error:
        raise typer.BadParameter(str(error)) from None
    slo_ms = slo_ms or next(limit.acceptable_ms for limit in chosen if limit.name == _SLO[load_on])
    job = Job(
        embed_url=embed_url or deployment.embed_service_url,
        rerank_url=rerank_url or deployment.rerank_service_url,
        key=key or deployment.key,
        timeout=timeout,
        plan=Plan(iterations, warm_up, batch_size, documents),
        texts=source,
        targets=chosen,
        load=LoadPlan(load_on, rate, duration, find_max, step_seconds, slo_ms, seed),
        other=other,
        search=search,
    )
    try:
        report = asyncio.run(run(job))
    except NotMeasured as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(NOT_MEASURED) from None
    terminal.show(report, Console())
    if json_file:
        json.write(report, json_file)
    if html_file:
        html.write(report, html_file)
    raise typer.Exit(0 if report.fast_enough else TOO_SLOW)


def _other(dialect: str, embed_url: str | None, rerank_url: str | None, key: str | None, model: str) -> Other | None:
    if dialect not in DIALECTS:
        raise ValueError(f"There is no dialect {dialect}: choose {', '.join(DIALECTS)}.")
    if rerank_url and DIALECTS[dialect].rerank is None:
        raise ValueError(f"The dialect {dialect} has no reranking: leave --compare-rerank out.")
    return Other(dialect, embed_url, rerank_url, key, model) if embed_url or rerank_url else None


def _search(collection: str | None, template: str, vector: str, url: str | None, top: int) -> SearchPlan | None:
    if collection is None:
        return None
    qdrant = read(QdrantSettings)
    place = url or qdrant.url or "http://localhost:6333"
    return SearchPlan(place, qdrant.key or "", collection, vector, Template(template), top)


if __name__ == "__main__":
    app(prog_name="python -m scripts.bench")
