"""Command line of the embedding of files."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from scripts.command import CommandError, ExitCode, Program, UsageError
from scripts.deployment import DeploymentSettings, EmbedURL, Key, read
from scripts.embed.job import EmbeddingType, Format, Job, Task, tasks
from scripts.embed.ray_engine import embed_on_ray
from scripts.embed.run import Outcome, try_to_embed
from scripts.wording import counted

app = Program()


@app.command()
def embed(
    file: Annotated[Path, typer.Argument(help="A .jsonl, .csv or .parquet file, or a folder of such files.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write, or for a folder a folder; default: beside FILE, with .embedded."
        ),
    ] = None,
    output_format: Annotated[
        Format | None,
        typer.Option("--format", help="Format to write; default: what --output ends with, else Parquet."),
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
        int, typer.Option(min=0, help="Leading dimensions of each vector to keep, of a model made for that; 0 is all.")
    ] = 0,
    embedding_type: Annotated[
        EmbeddingType, typer.Option(help="Type of the values, as the service's /v2/embed has them.")
    ] = EmbeddingType.FLOAT,
    batch_size: Annotated[int, typer.Option(min=1, max=2048, help="Texts in one request to the service.")] = 100,
    concurrency: Annotated[
        int,
        typer.Option(min=1, max=256, help="Maximum number of requests in flight; fewer while the service answers 429."),
    ] = 8,
    patience_seconds: Annotated[
        float, typer.Option(min=0.001, help="How long to retry while the service is down.")
    ] = 300,
    restart: Annotated[bool, typer.Option("--restart", help="Delete what is there, and begin anew.")] = False,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="ray spreads a folder's files over a Ray cluster.")
    ] = "local",
    ray_address: Annotated[str, typer.Option(help="Address of the Ray cluster; local starts one here.")] = "local",
    embed_url: EmbedURL = None,
    key: Key = None,
) -> None:
    """Embed the rows of a file into another file; a run that was stopped goes on.

    Exit codes: 0 done, 1 done, but some rows have no vector, 2 refused: the sentence says what to change, 3 the service
    does not answer: run it again to go on.
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
    chosen = tasks(file, output, output_format)
    todo = [task for task in chosen if not (file.is_dir() and _is_done(task) and not restart)]
    if len(todo) < len(chosen):
        typer.echo(f"{counted(len(chosen) - len(todo), 'file')} embedded before.")
    outcomes = embed_on_ray(todo, job, ray_address) if engine == "ray" else _one_by_one(todo, job)
    raise typer.Exit(max((_report(task, outcome) for task, outcome in outcomes), default=ExitCode.DONE))


def _field(column: str) -> str:
    """The template that is a column alone; quotes hold a name together that has dots or braces."""
    return f"{{{column if column.isidentifier() else json.dumps(column)}}}"


def _is_done(task: Task) -> bool:
    """Whether a folder's file was embedded since it was last changed.

    Raises:
        UsageError: it was changed since it was embedded.
    """
    if not task.output.exists():
        return False
    if task.output.stat().st_mtime_ns < task.source.stat().st_mtime_ns:
        raise UsageError(f"{task.source} was changed since {task.output} was written: remove that, or say --restart.")
    return True


def _one_by_one(todo: Sequence[Task], job: Job) -> Iterator[tuple[Task, Outcome | CommandError]]:
    for task in todo:
        yield task, asyncio.run(try_to_embed(task, job, typer.echo))


def _report(task: Task, outcome: Outcome | CommandError) -> ExitCode:
    """Say what became of a file; returns the exit code for it."""
    if isinstance(outcome, CommandError):
        typer.echo(f"Error: {outcome}", err=True)
        return outcome.exit_code
    typer.echo(
        f"{task.output}: {counted(outcome.rows - outcome.failed, 'vector')}; {counted(outcome.embedded, 'row')} now, "
        f"{counted(outcome.tokens, 'token')}, {outcome.embedded / outcome.seconds:.0f} rows/s."
    )
    if outcome.failed:
        typer.echo(f"{counted(outcome.failed, 'row')} without a vector: see {task.failures}.", err=True)
        return ExitCode.NEGATIVE
    return ExitCode.DONE
