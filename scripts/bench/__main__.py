"""Command line of the performance test."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bentos.common import settings
from scripts.bench.closed_loop import Plan
from scripts.bench.errors import NotMeasured
from scripts.bench.report import json, terminal
from scripts.bench.run import Job, run
from scripts.bench.targets import with_overrides
from scripts.bench.texts import Texts, read_lines
from scripts.deployment import DeploymentSettings

TOO_SLOW, NOT_MEASURED = 1, 3

app = typer.Typer(add_completion=False)
_WHERE, _WHAT, _OUTPUT = "Where", "What is sent", "Output"


@app.command()
def bench(
    embed_url: Annotated[
        str | None, typer.Option(help="URL of embed-service; default: EMBED_SERVICE_URL.", rich_help_panel=_WHERE)
    ] = None,
    rerank_url: Annotated[
        str | None, typer.Option(help="URL of rerank-service; default: RERANK_SERVICE_URL.", rich_help_panel=_WHERE)
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
    json_file: Annotated[
        Path | None, typer.Option("--json", help="File to write all figures to.", rich_help_panel=_OUTPUT)
    ] = None,
) -> None:
    """Measure a running deployment and judge it by the guide's targets.

    Exits with 0 if it is fast enough, 1 if a figure is too slow, 2 if an option is wrong, 3 if a request fails.
    """
    deployment = settings.load(DeploymentSettings)
    try:
        chosen = with_overrides(targets, target or [])
        source = Texts(lengths, read_lines(texts) if texts else None, seed)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    job = Job(
        embed_url=embed_url or deployment.embed_service_url,
        rerank_url=rerank_url or deployment.rerank_service_url,
        key=key or deployment.key,
        timeout=timeout,
        plan=Plan(iterations, warm_up, batch_size, documents),
        texts=source,
        targets=chosen,
    )
    try:
        report = asyncio.run(run(job))
    except NotMeasured as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(NOT_MEASURED) from None
    terminal.show(report, Console())
    if json_file:
        json.write(report, json_file)
    raise typer.Exit(TOO_SLOW if report.too_slow else 0)


if __name__ == "__main__":
    app(prog_name="python -m scripts.bench")
