"""One run: backup, collection, points, what changed meanwhile, index."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from scripts.command import UsageError
from scripts.migrate.context import MigrationContext
from scripts.migrate.copy.malloc import share_one_heap
from scripts.migrate.copy.pipeline import Pipeline, Reporter
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.reconcile import differences, reconcile
from scripts.migrate.qdrant.checkpoint import Progress
from scripts.migrate.sources.interface import Cursor, PointId, Record
from scripts.migrate.sources.qdrant import QdrantSource
from scripts.wording import counted

_QDRANT_THREADS = 2
"""Calls of source and target at a time: a batch being written takes 4 MiB at 384 dimensions, and 8 are no faster."""
_PAGE = 1000


async def run(context: MigrationContext, write: Callable[[str], None]) -> ProgressBar:
    """Migrate until the end or the limit; a second run goes on where the first stopped."""
    settings = context.settings
    begin(context, write)
    progress = context.checkpoint.progress(settings.scope) or Progress(settings.scope)
    if settings.in_place and progress.done:
        raise UsageError(f"{context.target.name} is migrated already; `cleanup` forgets that, to do it again.")
    done = progress.points + progress.failed
    total = max(context.source.count(), done)
    with (
        ProgressBar(min(total, done + settings.limit) if settings.limit else total, done, write) as bar,
        pipeline(context, bar) as work,
    ):
        progress = await work.run(context.checkpoint, progress, settings.limit)
        if progress.done and not settings.in_place:
            changes = await reconcile(work, context.target, context.copies)
            write(f"Final pass: {counted(changes.written, 'point')} written, {changes.deleted} deleted.")
    if progress.done:
        finish(context)
    else:
        write(
            f"Stopped at the limit after {counted(progress.points + progress.failed, 'point')}; run it again to go on."
        )
    return bar


async def retry_failed(context: MigrationContext, write: Callable[[str], None]) -> ProgressBar:
    """Migrate the points of the failures' file again; those that no longer exist are taken out of it."""
    if not context.resumed:
        raise UsageError("There is no migration whose failures could be retried: start one first.")
    ids = context.failures.ids
    gone = set(ids)
    with ProgressBar(len(ids), 0, write) as bar, pipeline(context, bar) as work:
        async for records in _chosen(work, ids):
            gone.difference_update(record.id for record in records)
            await work.migrate(records)
    if not context.settings.user_id:  # other users' points are not read, but exist
        context.failures.forget(list(gone))
    return bar


async def _chosen(work: Pipeline, ids: Sequence[PointId]) -> AsyncIterator[list[Record]]:
    """Points that the source still has, in batches; a source that cannot look an id up is read once."""
    if isinstance(work.source, QdrantSource):
        for start in range(0, len(ids), work.batch_size):
            yield await work.call(work.source.by_ids, ids[start : start + work.batch_size])
        return
    wanted, found = set(ids), list[Record]()
    cursor: Cursor = None
    while wanted:
        records, cursor = await work.call(work.source.page, cursor, _PAGE)
        found += [record for record in records if record.id in wanted]
        while len(found) >= work.batch_size or (found and cursor is None):
            yield found[: work.batch_size]
            del found[: work.batch_size]
        if cursor is None:
            return


def refuse_to_discard(context: MigrationContext) -> None:
    """Once switched, the target may hold what the application wrote under the alias, which a final pass would lose.

    Raises:
        UsageError: points of the target are not in the source, or differ from it.
    """
    settings, target = context.settings, context.target
    switched = context.migration.previous or context.storage.resolve(settings.alias) == target.name
    if settings.discard_new or not switched or settings.in_place:
        return
    found = differences(context.source, context.copies, target.layout.cosine)
    if any(found):
        raise UsageError(
            f"Since the switch {target.name} has {counted(found.deleted, 'point')} that {context.source.name} lacks "
            f"and {found.written} with other contents: copy them to the source, or lose them with --discard-new."
        )


def begin(context: MigrationContext, write: Callable[[str], None]) -> None:
    """Back the source up, write the checkpoint's head, make the target; what was done before is left alone."""
    refuse_to_discard(context)
    settings, target = context.settings, context.target
    if not context.resumed:
        backup = ""
        if settings.backup and context.collection is not None:
            backup = context.storage.back_up(context.source.name)
            write(f"Backup: {backup}")
        context.checkpoint.start(replace(context.migration, backup=backup))
    if not settings.in_place and not context.storage.client.collection_exists(target.name):
        target.create(context.collection)
    if not settings.in_place:
        target.index_payload(context.collection)


def finish(context: MigrationContext) -> None:
    """Turn the index on and call the migration complete; not after one user's run, which leaves the others' to do."""
    if context.settings.user_id:
        return
    context.target.build_index(context.collection)
    context.checkpoint.update(complete=True)


@contextmanager
def pipeline(context: MigrationContext, reporter: Reporter) -> Iterator[Pipeline]:
    """A block with the pipeline of a migration."""
    share_one_heap()
    settings = context.settings
    with ThreadPoolExecutor(1 if context.storage.folder else _QDRANT_THREADS) as threads:
        yield Pipeline(
            source=context.source,
            template=context.template,
            embedder=context.embedder,
            target=context.target,
            failures=context.failures,
            reporter=reporter,
            threads=threads,
            batch_size=settings.batch_size,
            concurrency=settings.concurrency,
            patience_seconds=settings.patience_seconds,
        )
