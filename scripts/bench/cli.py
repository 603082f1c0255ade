"""Command line of the performance test."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from scripts.bench.closed_loop import Plan
from scripts.bench.compare import Other
from scripts.bench.dialects import DIALECTS
from scripts.bench.report import html, json, terminal
from scripts.bench.run import Job, LoadPlan, run
from scripts.bench.search import SearchPlan
from scripts.bench.targets import with_overrides
from scripts.bench.texts import Texts, read_lines
from scripts.command import ExitCode, Program, UsageError
from scripts.deployment import DeploymentSettings, EmbedURL, Key, RerankURL, Timeout, read, service_url
from scripts.migrate.copy.template import Template
from scripts.qdrant import LOCAL_URL, QdrantSettings, QdrantURL
from scripts.report_files import HTMLFile, JSONFile

_SLO = {"embed": "p95-embedding", "rerank": "p95-rerank"}

app = Program()


@app.command()
def bench(
    embed_url: EmbedURL = None,
    rerank_url: RerankURL = None,
    key: Key = None,
    timeout: Timeout = 30,
    iterations: Annotated[int, typer.Option(min=1, help="Measured requests of each kind.")] = 20,
    warm_up: Annotated[int, typer.Option(min=0, help="Requests of each kind before them that are not measured.")] = 3,
    batch_size: Annotated[int, typer.Option(min=1, help="Texts of one batch.")] = 32,
    documents: Annotated[int, typer.Option(min=1, help="Documents of one rerank.")] = 20,
    texts: Annotated[
        Path | None, typer.Option(help="File of texts to send, one per line; default: generated ones.")
    ] = None,
    lengths: Annotated[
        str, typer.Option(help="Words of generated texts: lognormal:MEDIAN, fixed:N or uniform:LOW:HIGH.")
    ] = "lognormal:30",
    seed: Annotated[int, typer.Option(help="Seed of lengths, words and arrivals.")] = 0,
    target: Annotated[
        list[str] | None, typer.Option(help="Another target, such as rerank=100/200 (target/acceptable, in ms).")
    ] = None,
    targets: Annotated[Path | None, typer.Option(help='JSON file of other targets: {"rerank": [100, 200]}.')] = None,
    load_on: Annotated[Literal["embed", "rerank"], typer.Option(help="Service to put under load.")] = "embed",
    rate: Annotated[float | None, typer.Option(min=0.1, help="Requests per second of open-loop load.")] = None,
    duration: Annotated[float, typer.Option(min=0.1, help="Duration of that load, in seconds.")] = 30,
    find_max: Annotated[bool, typer.Option("--find-max", help="Search for the highest rate that it sustains.")] = False,
    step_seconds: Annotated[float, typer.Option(min=0.1, help="Minimum seconds of each step of the search.")] = 5,
    slo_ms: Annotated[
        float | None, typer.Option(min=0.1, help="Latency that counts as good, in ms; default: the acceptable P95.")
    ] = None,
    compare: Annotated[
        str | None,
        typer.Option(help="URL of another embedding server to compare with.", callback=service_url),
    ] = None,
    compare_rerank: Annotated[
        str | None, typer.Option(help="URL of another reranker to compare with.", callback=service_url)
    ] = None,
    dialect: Annotated[str, typer.Option(help=f"Dialect of the other server: {', '.join(DIALECTS)}.")] = "native",
    compare_model: Annotated[str, typer.Option(help="Model name in requests to the other server.")] = "",
    compare_key: Annotated[str | None, typer.Option(help="API key for the other server.")] = None,
    collection: Annotated[
        str | None, typer.Option(help="Qdrant collection in which whole searches are measured.")
    ] = None,
    template: Annotated[
        str, typer.Option(help="Text of a point of the collection, with payload fields in braces.")
    ] = "{text}",
    vector: Annotated[str, typer.Option(help="Name of its vector; default: the only one.")] = "",
    qdrant_url: QdrantURL = None,
    json_file: JSONFile = None,
    html_file: HTMLFile = None,
) -> None:
    """Measure a running deployment and judge it by the targets of docs/benchmarking.md.

    Exit codes: 0 fast enough, 1 a figure is too slow or load is not sustained, 2 an option, a variable, a file or the
    collection is wrong, 3 a service or Qdrant does not answer.
    """
    deployment = read(DeploymentSettings)
    chosen = with_overrides(targets, target or [])
    job = Job(
        embed_url=embed_url or deployment.embed_service_url,
        rerank_url=rerank_url or deployment.rerank_service_url,
        key=key or deployment.key,
        timeout=timeout,
        plan=Plan(iterations, warm_up, batch_size, documents),
        texts=Texts(lengths, read_lines(texts) if texts else None, seed),
        targets=chosen,
        load=LoadPlan(
            load_on,
            rate,
            duration,
            find_max,
            step_seconds,
            slo_ms or next(limit.acceptable_ms for limit in chosen if limit.name == _SLO[load_on]),
            seed,
        ),
        other=_other(dialect, compare, compare_rerank, compare_key, compare_model),
        search=_search(collection, template, vector, qdrant_url, documents),
    )
    report = asyncio.run(run(job))
    terminal.show(report, Console())
    if json_file:
        json.write(report, json_file)
    if html_file:
        html.write(report, html_file)
    raise typer.Exit(ExitCode.DONE if report.fast_enough else ExitCode.NEGATIVE)


def _other(dialect: str, embed_url: str | None, rerank_url: str | None, key: str | None, model: str) -> Other | None:
    if dialect not in DIALECTS:
        raise UsageError(f"There is no dialect {dialect}: choose {', '.join(DIALECTS)}.")
    if rerank_url and DIALECTS[dialect].rerank is None:
        raise UsageError(f"The dialect {dialect} has no reranking: leave --compare-rerank out.")
    return Other(dialect, embed_url, rerank_url, key, model) if embed_url or rerank_url else None


def _search(collection: str | None, template: str, vector: str, url: str | None, top: int) -> SearchPlan | None:
    if collection is None:
        return None
    qdrant = read(QdrantSettings)
    return SearchPlan(url or qdrant.url or LOCAL_URL, qdrant.key or "", collection, vector, Template(template), top)
