"""One run: backup, collection, points, what changed meanwhile, index."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.context import Prepared
from scripts.migrate.copy.malloc import share_one_heap
from scripts.migrate.copy.pipeline import Pipeline, Reporter
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.reconcile import differences, reconcile
from scripts.migrate.errors import MigrateError
from scripts.migrate.qdrant.checkpoint import Progress
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.sources.interface import Cursor, PointId, Record
from scripts.migrate.sources.qdrant import QdrantSource
from scripts.migrate.wording import counted

_QDRANT_THREADS = 2
"""Calls of source and target at a time: a batch being written takes 4 MiB at 384 dimensions, and 8 are no faster."""
_PAGE = 1000


async def run(
    settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient, write: Callable[[str], None]
) -> ProgressBar:
    """Migrate until the end or the limit; a second run goes on where the first stopped."""
    begin(settings, prepared, write)
    name = f"user {settings.user_id}" if settings.user_id else "all"
    progress = prepared.checkpoint.progress(name) or Progress(name)
    if settings.in_place and progress.done:
        raise MigrateError(f"{prepared.target.name} is migrated already; `cleanup` forgets that, to do it again.")
    done = progress.points + progress.failed
    total = max(prepared.source.count(), done)
    with (
        ProgressBar(min(total, done + settings.limit) if settings.limit else total, done, write) as bar,
        pipeline(settings, prepared, embedder, bar) as work,
    ):
        progress = await work.run(prepared.checkpoint, progress, settings.limit)
        if progress.done and not settings.in_place:
            changes = await reconcile(work, prepared.target, copy_of(settings, prepared))
            write(f"Final pass: {counted(changes.written, 'point')} written, {changes.deleted} deleted.")
    if progress.done:
        finish(settings, prepared)
    else:
        write(
            f"Stopped at the limit after {counted(progress.points + progress.failed, 'point')}; run it again to go on."
        )
    return bar


async def retry_failed(
    settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient, write: Callable[[str], None]
) -> ProgressBar:
    """Migrate the points of the failures' file again; those that no longer exist are taken out of it."""
    if not prepared.resumed:
        raise MigrateError("There is no migration whose failures could be retried: start one first.")
    ids = prepared.failures.ids
    gone = set(ids)
    with ProgressBar(len(ids), 0, write) as bar, pipeline(settings, prepared, embedder, bar) as work:
        async for records in _chosen(work, ids):
            gone.difference_update(record.id for record in records)
            await work.migrate(records)
    if not settings.user_id:  # other users' points are not read, but exist
        prepared.failures.forget(list(gone))
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


def refuse_to_discard(settings: MigrateSettings, prepared: Prepared) -> None:
    """Once switched, the target may hold what the application wrote under the alias, which a final pass would lose.

    Raises:
        MigrateError: points of the target are not in the source, or differ from it.
    """
    switched = prepared.migration.previous or prepared.storage.resolve(settings.alias) == prepared.target.name
    if settings.discard_new or not switched or settings.in_place:
        return
    found = differences(prepared.source, copy_of(settings, prepared), prepared.target.layout.cosine)
    if any(found):
        raise MigrateError(
            f"Since the switch {prepared.target.name} has {counted(found.deleted, 'point')} that "
            f"{prepared.source.name} lacks and {found.written} with other contents: bring them over, "
            "or lose them with --discard-new."
        )


def begin(settings: MigrateSettings, prepared: Prepared, write: Callable[[str], None]) -> None:
    """Back the source up, write the checkpoint's head, make the target; what was done before is left alone."""
    refuse_to_discard(settings, prepared)
    if not prepared.resumed:
        place = ""
        if settings.backup and prepared.collection is not None:
            place = prepared.storage.back_up(prepared.source.name)
            write(f"Backup: {place}")
        prepared.checkpoint.start(replace(prepared.migration, backup=place))
    if not settings.in_place and not prepared.storage.client.collection_exists(prepared.target.name):
        prepared.target.create(prepared.collection)
    if not settings.in_place:
        prepared.target.index_payload(prepared.collection)


def finish(settings: MigrateSettings, prepared: Prepared) -> None:
    """Turn the index on and call the migration complete; not after one user's run, which leaves the others' to do."""
    if settings.user_id:
        return
    prepared.target.build_index(prepared.collection)
    prepared.checkpoint.update(complete=True)


@contextmanager
def pipeline(
    settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient, reporter: Reporter
) -> Iterator[Pipeline]:
    """A block with the pipeline of these settings."""
    share_one_heap()
    with ThreadPoolExecutor(1 if prepared.storage.folder else _QDRANT_THREADS) as threads:
        yield Pipeline(
            source=prepared.source,
            template=prepared.template,
            embedder=embedder,
            target=prepared.target,
            failures=prepared.failures,
            reporter=reporter,
            threads=threads,
            batch_size=settings.batch_size,
            concurrency=settings.concurrency,
            patience_seconds=settings.patience_seconds,
        )


def copy_of(settings: MigrateSettings, prepared: Prepared) -> QdrantSource:
    """The target, read as the source is."""
    only = (settings.user_field, settings.user_id) if settings.user_id else None
    return QdrantSource(prepared.storage.client, prepared.target.name, vectors=prepared.target.layout.others, only=only)
