"""Embeds one file, from where an earlier run was stopped."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scripts.command import CommandError, UnreachableError, UsageError, first_error
from scripts.embed.assemble import write_jsonl, write_parquet
from scripts.embed.job import Format, Job, Task
from scripts.embed.partial import FILE, Partial, clear, locked
from scripts.embed.rows import Rows
from scripts.embed.survey import survey
from scripts.embed.vectors import VectorFile
from scripts.migrate.checks import refuse_large_batches
from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.client.service_info import ServiceInfo
from scripts.migrate.copy.dead_letters import Failures
from scripts.migrate.copy.malloc import share_one_heap
from scripts.migrate.copy.pipeline import Pipeline
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.template import Template
from scripts.migrate.qdrant.checkpoint import Progress


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes:
        rows: number of rows of the file.
        failed: number of rows without a vector.
        embedded: number of rows that this run embedded.
        seconds: how long it took.
    """

    rows: int
    failed: int
    embedded: int
    tokens: int
    seconds: float


async def try_to_embed(task: Task, job: Job, write: Callable[[str], None]) -> Outcome | CommandError:
    """What became of a file, or why it cannot be embedded; run again, it goes on where it was stopped."""
    try:
        return await embed_file(task, job, write)
    except Exception as error:
        found = first_error(error)
        if isinstance(found, OSError):
            return UnreachableError(f"The disk fails: {found}.")
        if not isinstance(found, CommandError):
            raise
        return found


async def embed_file(task: Task, job: Job, write: Callable[[str], None]) -> Outcome:
    """Embed every row of a file.

    Raises:
        UsageError: something has to be changed first.
        UnreachableError: the service was down for too long; run again, it goes on where it was stopped.
    """
    if task.output.exists() and not job.restart:
        raise UsageError(f"{task.output} exists already: name another --output, or say --restart.")
    template = Template(job.template)
    embedder = EmbedClient(job.url, job.key, job.concurrency, job.patience_seconds, job.input_type)
    try:
        service = await embedder.info()
        _refuse_what_the_service_cannot_do(job, service)
        rows = Rows(task.source)
        found = survey(rows, template, job, task.format)
        with locked(task.partial, restart=job.restart):
            if job.restart:  # so that a run that is stopped can be gone on with, without --restart
                task.output.unlink(missing_ok=True)
            return await _embed(task, job, write, rows, found, template, embedder, service)
    finally:
        await embedder.close()


async def _embed(
    task: Task,
    job: Job,
    write: Callable[[str], None],
    rows: Rows,
    count: int,
    template: Template,
    embedder: EmbedClient,
    service: ServiceInfo,
) -> Outcome:
    dimensions = job.dimensions or service.dimension
    partial = Partial(
        task.partial,
        {
            FILE: rows.stamp,
            "model": service.model,
            "revision": service.revision,
            "template": job.template,
            "input type": job.input_type,
            "dimensions": dimensions,
            "embedding type": job.embedding_type.value,
        },
    )
    progress = partial.load()
    if progress is None:  # what lies there was never counted
        clear(task.partial)
        task.failures.unlink(missing_ok=True)
        progress = Progress("rows")
    failures = Failures(task.failures)
    vectors = VectorFile(partial.vectors, count, dimensions, job.embedding_type)
    share_one_heap()
    with (
        ProgressBar(count, progress.points + progress.failed, write, "rows") as bar,
        ThreadPoolExecutor(1) as threads,
        partial.opened(vectors),
    ):
        pipeline = Pipeline(
            source=rows,
            template=template,
            embedder=embedder,
            target=vectors,
            failures=failures,
            reporter=bar,
            threads=threads,
            batch_size=job.batch_size,
            concurrency=job.concurrency,
            patience_seconds=job.patience_seconds,
        )
        partial.save(progress)
        await pipeline.run(partial, progress)
        outcome = Outcome(count, len(failures), bar.written, bar.tokens, bar.seconds)
        _finish(task, job, rows, vectors, failures, partial)
    return outcome


def _finish(task: Task, job: Job, rows: Rows, vectors: VectorFile, failures: Failures, partial: Partial) -> None:
    """Make the output of the vectors, in one step, so that it is complete or not there."""
    ready = task.partial / "output"
    if task.format is Format.NPY:
        ready = partial.vectors
    elif task.format is Format.JSONL:
        write_jsonl(rows, vectors, failures, job.vector_column, ready)
    else:
        write_parquet(task.source, rows, vectors, failures, job.vector_column, ready)
    task.output.parent.mkdir(parents=True, exist_ok=True)
    ready.replace(task.output)
    partial.remove()


def _refuse_what_the_service_cannot_do(job: Job, service: ServiceInfo) -> None:
    refuse_large_batches(job.batch_size, service)
    if job.dimensions > service.dimension:
        raise UsageError(f"{service.model} makes vectors of {service.dimension} dimensions: set --dimensions to fewer.")
