"""The command `evaluate`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scripts.bench.errors import NotMeasured
from scripts.deployment import DeploymentSettings, read, service_url
from scripts.evaluate import report, verdict
from scripts.evaluate.errors import NotEvaluated
from scripts.evaluate.job import Job, evaluate_job
from scripts.migrate.errors import MigrateError
from scripts.migrate.qdrant.connection import connected
from scripts.qdrant import QdrantSettings

BELOW, NOT_MEASURED = 1, 3


def evaluate(
    template: Annotated[
        str, typer.Option(help="Text of a point, of its payload's fields in braces: what was embedded.")
    ],
    collection: Annotated[str, typer.Option(help="Collection or alias with the new vectors.")] = "contacts",
    vector: Annotated[str, typer.Option(help="Name of the new vector; default: the only one.")] = "",
    old: Annotated[str | None, typer.Option(help="Collection with the old vectors.")] = None,
    old_vector: Annotated[str, typer.Option(help="Name of the old vector; default: the only one.")] = "",
    queries: Annotated[
        Path | None, typer.Option(help="JSON lines of query, relevant ids and, for --old, the query's old vector.")
    ] = None,
    query_template: Annotated[
        str | None, typer.Option(help="Makes a query of a point that should find the point itself, without --queries.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most queries that are asked.")] = 1000,
    top: Annotated[int, typer.Option(min=1, max=1000, help="Results of a search, all of which are reranked.")] = 20,
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Also rerank what the new vectors find.")] = True,
    compare: Annotated[
        str | None,
        typer.Option(
            help="URL of an embed-service with another model or precision; both embed --sample points, none migrates.",
            callback=service_url,
        ),
    ] = None,
    sample: Annotated[int, typer.Option(min=2, help="Points that are embedded for --compare.")] = 2000,
    threshold: Annotated[
        list[str] | None, typer.Option(help="Least figure, such as ndcg@10=0.6 or 'new, reranked:mrr=0.7'.")
    ] = None,
    most_loss: Annotated[
        float | None, typer.Option(min=0, help="Most nDCG@10 that the new vectors may lose against the old ones.")
    ] = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="File to write a page with plots to.", dir_okay=False)
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="File to write all figures to.", dir_okay=False)
    ] = None,
    qdrant_url: Annotated[
        str | None, typer.Option(help="Qdrant's URL, or the folder of its embedded engine; default: QDRANT_URL.")
    ] = None,
    embed_url: Annotated[
        str | None, typer.Option(help="URL of embed-service; default: EMBED_SERVICE_URL.", callback=service_url)
    ] = None,
    rerank_url: Annotated[
        str | None, typer.Option(help="URL of rerank-service; default: RERANK_SERVICE_URL.", callback=service_url)
    ] = None,
    key: Annotated[str | None, typer.Option(help="Key of the services; default: SERVICE_API_KEY.")] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds a request may take.")] = 30,
) -> None:
    """Measure how well queries find what they should: with old vectors, with new ones, and reranked.

    Exit codes: 0 done, 1 a figure is below its threshold, 2 a wrong flag, 3 there are no figures.
    """
    if (queries is None) == (query_template is None):
        raise typer.BadParameter("Name the judged queries with --queries, or how to make them with --query-template.")
    deployment, qdrant = read(DeploymentSettings), read(QdrantSettings)
    job = Job(
        collection=collection,
        vector=vector,
        old=old,
        old_vector=old_vector,
        template=template,
        queries=queries,
        query_template=query_template,
        limit=limit,
        top=top,
        embed_url=embed_url or deployment.embed_service_url,
        rerank_url=(rerank_url or deployment.rerank_service_url) if rerank else None,
        compare_url=compare,
        sample=sample,
        key=key or deployment.key,
        timeout=timeout,
    )
    try:
        thresholds = [verdict.threshold(text) for text in threshold or []]
        if most_loss is not None and "old" not in job.systems:
            raise ValueError("--most-loss compares with the old vectors: name them with --old.")
        verdict.refuse_unknown(thresholds, job.systems, job.metrics)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        with connected(qdrant_url or qdrant.url or "http://localhost:6333", qdrant.key or "") as storage:
            found = asyncio.run(evaluate_job(job, storage, typer.echo))
        for path, write in ((html_file, report.write_html), (json_file, report.write_json)):
            if path:
                write(found, path)
    except (NotEvaluated, NotMeasured, MigrateError, OSError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(NOT_MEASURED) from None
    Console().print(report.table(found))
    for sentence in [*found.notes, *verdict.comparisons(found)]:
        typer.echo(sentence)
    missed = verdict.missed(found, thresholds, most_loss)
    for sentence in missed:
        typer.echo(sentence, err=True)
    raise typer.Exit(BELOW if missed else 0)
