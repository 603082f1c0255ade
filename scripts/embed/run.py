"""Embeds one file, from where an earlier run was stopped."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from scripts.embed.assemble import write_jsonl, write_parquet
from scripts.embed.job import Format, Job, Task
from scripts.embed.partial import FILE, Partial, clear, locked
from scripts.embed.rows import Rows
from scripts.embed.survey import survey
from scripts.embed.vectors import VectorFile
from scripts.migrate.client.embed_client import EmbedClient, ServiceInfo
from scripts.migrate.copy.dead_letters import Failures
from scripts.migrate.copy.malloc import share_one_heap
from scripts.migrate.copy.pipeline import Pipeline
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.template import Template
from scripts.migrate.errors import MigrateError
from scripts.migrate.qdrant.checkpoint import Progress
from scripts.migrate.wording import counted


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes:
        rows: of the file.
        failed: of them, those without a vector.
        embedded: by this run.
        seconds: that it took.
    """

    rows: int
    failed: int
    embedded: int
    tokens: int
    seconds: float


async def try_to_embed(task: Task, job: Job, write: Callable[[str], None]) -> Outcome | str:
    """What became of a file, or a sentence on why it cannot be embedded; run again, it goes on where it was stopped."""
    reason = ""
    try:
        return await embed_file(task, job, write)
    except* MigrateError as errors:
        reason = _sentence(errors)
    except* OSError as errors:
        reason = f"The disk does not do what it should: {_sentence(errors)}."
    return reason


async def embed_file(task: Task, job: Job, write: Callable[[str], None]) -> Outcome:
    """Embed every row of a file.

    Raises:
        MigrateError: it cannot be done; run again, it goes on where it was stopped.
    """
    if task.output.exists() and not job.restart:
        raise MigrateError(f"{task.output} is there already: name another --output, or say --restart.")
    template = Template(job.template)
    embedder = EmbedClient(job.url, job.key, job.concurrency, job.patience_seconds, job.input_type)
    try:
        service = await embedder.info()
        _refuse_what_the_service_cannot_do(job, service)
        rows = Rows(task.source)
        found = survey(rows, template, job, task.format)
        with locked(task.partial, restart=job.restart):
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
    if job.batch_size > service.max_texts:
        raise MigrateError(
            f"The service takes {counted(service.max_texts, 'text')} a request: set --batch-size to that or less."
        )
    if job.dimensions > service.dimension:
        raise MigrateError(f"{service.model} makes vectors of {service.dimension} numbers: set --dimensions to fewer.")


def _sentence(error: BaseException) -> str:
    return _sentence(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else str(error)
