"""The command `embed`."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from scripts.deployment import DeploymentSettings, read, service_url
from scripts.embed.job import EmbeddingType, Format, Job, Task, tasks
from scripts.embed.ray_engine import embed_on_ray
from scripts.embed.run import Outcome, try_to_embed
from scripts.migrate.commands.session import fail
from scripts.migrate.errors import MigrateError
from scripts.migrate.wording import counted

STOPPED, FAILED_ROWS = 1, 3


def embed(
    file: Annotated[Path, typer.Argument(help="A .jsonl, .csv or .parquet file, or a folder of such files.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write, or for a folder a folder; default: beside FILE, with .embedded."
        ),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Of what is written; default: what --output ends with, else Parquet."),
    ] = None,
    column: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    template: Annotated[
        str | None, typer.Option(help="Text of a row, with columns in braces, instead of --column.")
    ] = None,
    vector_column: Annotated[str, typer.Option(help="Column of the vectors.")] = "embedding",
    input_type: Annotated[
        Literal["passage", "query"], typer.Option(help="What the texts are, which chooses the model's prompt.")
    ] = "passage",
    dimensions: Annotated[
        int, typer.Option(min=0, help="First numbers of each vector to keep, of a model made for that; 0 is all.")
    ] = 0,
    embedding_type: Annotated[
        EmbeddingType, typer.Option(help="Of the numbers; as the service's /v2/embed has them.")
    ] = EmbeddingType.FLOAT,
    batch_size: Annotated[int, typer.Option(min=1, max=2048, help="Texts in one request to the service.")] = 100,
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, help="Most requests in flight; fewer while the service says 429.")
    ] = 8,
    patience_seconds: Annotated[
        float, typer.Option(min=0.001, help="How long to go on trying while the service is away.")
    ] = 300,
    restart: Annotated[bool, typer.Option("--restart", help="Begin anew, and write over what there is.")] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray spreads a folder's files over a Ray cluster.")
    ] = "local",
    ray_address: Annotated[str, typer.Option(help="Address of the Ray cluster; local starts one here.")] = "local",
    embed_url: Annotated[
        str | None, typer.Option(help="URL of embed-service; default: EMBED_SERVICE_URL.", callback=service_url)
    ] = None,
    key: Annotated[str | None, typer.Option(help="Key of the service; default: SERVICE_API_KEY.")] = None,
) -> None:
    """Embed the rows of a file into another file; a run that was stopped goes on.

    Exit codes: 0 done, 1 refused or stopped (run it again to go on), 2 a wrong flag, 3 done but for the rows in the
    failures' file.
    """
    deployment = read(DeploymentSettings)
    job = Job(
        url=embed_url or deployment.embed_service_url,
        key=key or deployment.key or "",
        template=_field(column) if template is None else template,
        input_type=input_type,
        dimensions=dimensions,
        embedding_type=embedding_type,
        vector_column=vector_column,
        batch_size=batch_size,
        concurrency=concurrency,
        patience_seconds=patience_seconds,
        restart=restart,
    )
    try:
        chosen = tasks(file, output, form)
        todo = [task for task in chosen if not (file.is_dir() and _is_done(task) and not restart)]
        if len(todo) < len(chosen):
            typer.echo(f"{counted(len(chosen) - len(todo), 'file')} embedded before.")
        outcomes = embed_on_ray(todo, job, ray_address) if engine == "ray" else _one_by_one(todo, job)
        codes = [_report(task, outcome) for task, outcome in outcomes]
    except MigrateError as error:
        fail(str(error))
    raise typer.Exit(STOPPED if STOPPED in codes else max(codes, default=0))


def _field(column: str) -> str:
    """The template that is a column alone; quotes hold a name together that has dots or braces."""
    return f"{{{column if column.isidentifier() else json.dumps(column)}}}"


def _is_done(task: Task) -> bool:
    """Whether a folder's file was embedded since it was last changed.

    Raises:
        MigrateError: it was changed since it was embedded.
    """
    if not task.output.exists():
        return False
    if task.output.stat().st_mtime_ns < task.source.stat().st_mtime_ns:
        raise MigrateError(f"{task.source} was changed since {task.output} was written: remove that, or say --restart.")
    return True


def _one_by_one(todo: Sequence[Task], job: Job) -> Iterator[tuple[Task, Outcome | str]]:
    for task in todo:
        yield task, asyncio.run(try_to_embed(task, job, typer.echo))


def _report(task: Task, outcome: Outcome | str) -> int:
    """Say what became of a file; the exit code that it deserves."""
    if isinstance(outcome, str):
        typer.echo(f"Error: {outcome}", err=True)
        return STOPPED
    typer.echo(
        f"{task.output}: {counted(outcome.rows - outcome.failed, 'vector')}; {counted(outcome.embedded, 'row')} now, "
        f"{counted(outcome.tokens, 'token')}, {outcome.embedded / outcome.seconds:.0f} rows/s."
    )
    if outcome.failed:
        typer.echo(f"{counted(outcome.failed, 'row')} without a vector: see {task.failures}.", err=True)
        return FAILED_ROWS
    return 0
