"""Command line of the evaluation."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scripts.command import ExitCode, Program, UsageError
from scripts.deployment import DeploymentSettings, EmbedURL, Key, RerankURL, Timeout, read, service_url
from scripts.evaluate import report, verdict
from scripts.evaluate.job import Job, evaluate_job
from scripts.evaluate.queries import from_file
from scripts.migrate.copy.template import Template
from scripts.migrate.qdrant.connection import connected
from scripts.qdrant import LOCAL_URL, QdrantSettings, QdrantURL
from scripts.report_files import HTMLFile, JSONFile

app = Program()


@app.command()
def evaluate(
    template: Annotated[
        str, typer.Option(help="Text of a point, with its payload's fields in braces: what was embedded.")
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
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of queries that are asked.")] = 1000,
    top: Annotated[int, typer.Option(min=1, max=1000, help="Results of a search, all of which are reranked.")] = 20,
    rerank: Annotated[bool, typer.Option("--rerank/--no-rerank", help="Also rerank what the new vectors find.")] = True,
    compare: Annotated[
        str | None,
        typer.Option(
            help="URL of an embed-service with another model or precision; both embed --sample points, neither "
            "migrates.",
            callback=service_url,
        ),
    ] = None,
    sample: Annotated[int, typer.Option(min=2, help="Points that are embedded for --compare.")] = 2000,
    threshold: Annotated[
        list[str] | None, typer.Option(help="Minimum of a figure, such as ndcg@10=0.6 or 'new, reranked:mrr=0.7'.")
    ] = None,
    max_loss: Annotated[
        float | None, typer.Option(min=0, help="Maximum nDCG@10 that the new vectors may lose against the old ones.")
    ] = None,
    html_file: HTMLFile = None,
    json_file: JSONFile = None,
    qdrant_url: QdrantURL = None,
    embed_url: EmbedURL = None,
    rerank_url: RerankURL = None,
    key: Key = None,
    timeout: Timeout = 30,
) -> None:
    """Measure how well queries find what they should: with old vectors, with new ones, and reranked.

    Exit codes: 0 done, 1 a figure is below its threshold, 2 a flag, the queries or the collection are wrong, 3 a
    service or Qdrant does not answer.
    """
    if queries is None and query_template is None:
        raise UsageError("Name the judged queries with --queries, or how to make them with --query-template.")
    if queries is not None and query_template is not None:
        raise UsageError("--queries and --query-template exclude each other: leave one of them out.")
    if compare and (old or old_vector or vector):
        raise UsageError("--compare searches a sample in memory: leave --vector, --old and --old-vector out.")
    deployment, qdrant = read(DeploymentSettings), read(QdrantSettings)
    job = Job(
        collection=collection,
        vector=vector,
        old=old,
        old_vector=old_vector,
        template=Template(template),
        queries=None if queries is None else from_file(queries),
        query_template=None if query_template is None else Template(query_template),
        limit=limit,
        top=top,
        embed_url=embed_url or deployment.embed_service_url,
        rerank_url=(rerank_url or deployment.rerank_service_url) if rerank else None,
        compare_url=compare,
        sample=sample,
        key=key or deployment.key,
        timeout=timeout,
    )
    thresholds = [verdict.threshold(text) for text in threshold or []]
    if max_loss is not None and "old" not in job.systems:
        raise UsageError("--max-loss compares with the old vectors: name them with --old.")
    verdict.refuse_unknown(thresholds, job.systems, job.metrics)
    with connected(qdrant_url or qdrant.url or LOCAL_URL, qdrant.key or "") as storage:
        found = asyncio.run(evaluate_job(job, storage, typer.echo))
    for path, write in ((html_file, report.write_html), (json_file, report.write_json)):
        if path:
            write(found, path)
    Console().print(report.table(found))
    for sentence in [*found.notes, *verdict.comparisons(found)]:
        typer.echo(sentence)
    missed = verdict.missed(found, thresholds, max_loss)
    for sentence in missed:
        typer.echo(sentence, err=True)
    raise typer.Exit(ExitCode.NEGATIVE if missed else ExitCode.DONE)
