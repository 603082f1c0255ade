"""The same run on a Ray cluster: a task for each range of ids, each with its own progress in the checkpoint."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.command import UsageError
from scripts.migrate.context import MigrationContext, open_context
from scripts.migrate.copy.local_engine import begin, finish, pipeline
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.reconcile import reconcile
from scripts.migrate.qdrant.checkpoint import Progress
from scripts.migrate.qdrant.connection import connected
from scripts.migrate.qdrant.id_ranges import starts
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.sources.interface import Cursor
from scripts.migrate.sources.qdrant import QdrantSource
from scripts.wording import counted

_ATTEMPTS = 5  # of a task whose worker or node is lost

Counts = tuple[int, int, int]


async def run_on_ray(context: MigrationContext, write: Callable[[str], None]) -> ProgressBar:
    """Migrate until the end; every worker reads, embeds and writes its ranges, and the driver makes the final pass.

    Raises:
        UsageError: the source or target is not on a server, or Ray is not installed.
    """
    refuse_what_ray_cannot_do(context)
    ray = load_ray()
    settings = context.settings
    begin(context, write)
    ranges = [one for one in _ranges(context) if not one.done]
    with (
        ProgressBar(context.source.count(), 0, write) as bar,
        cluster(ray, settings.ray_address),
        pipeline(context, bar) as work,
    ):
        task = ray.remote(num_cpus=1, max_retries=_ATTEMPTS)(_migrate_range)
        # Flags do not reach the workers' environment, so settings travel as they are, secrets included.
        waiting = [task.remote(settings.model_dump(), one.name) for one in ranges]
        while waiting:
            done, waiting = await asyncio.to_thread(ray.wait, waiting)
            for counts, failures in ray.get(done):
                bar.advance(*counts)
                for point_id, reason in failures.items():
                    context.failures.add(point_id, reason)
        changes = await reconcile(work, context.target, context.copies)
        write(f"Final pass: {counted(changes.written, 'point')} written, {changes.deleted} deleted.")
    finish(context)
    return bar


def refuse_what_ray_cannot_do(context: MigrationContext) -> None:
    """Refuse a run that its workers could not share.

    Raises:
        UsageError: the source or target is not on a server, or a flag is for one process.
    """
    settings = context.settings
    if context.storage.folder is not None or context.collection is None or settings.limit or settings.in_place:
        raise UsageError(
            "--engine=ray is for a collection on a Qdrant server that all workers reach, and not with --limit or "
            "--in-place: leave --engine out."
        )


def _ranges(context: MigrationContext) -> list[Progress]:
    """The ranges of the checkpoint, or new ones if there are none yet."""
    scope = context.settings.scope
    known: list[Progress] = []
    while (found := context.checkpoint.progress(f"{scope}, range {len(known)}")) is not None:
        known.append(found)
    if known and known[-1].end is None:
        return known
    first = starts(context.storage.client, context.source.name, context.settings.shards)
    ends: list[Cursor] = [*first[1:], None]
    ranges = [
        Progress(f"{scope}, range {n}", cursor, end) for n, (cursor, end) in enumerate(zip(first, ends, strict=True))
    ]
    for one in ranges:
        context.checkpoint.save(one)
    return ranges


def _migrate_range(given: dict[str, Any], name: str) -> tuple[Counts, dict[int | str, str]]:
    """On a worker: migrate a range from where its progress says; written, failed, tokens, and the failures."""

    async def work(folder: str) -> tuple[Counts, dict[int | str, str]]:
        settings = MigrateSettings(**given | {"folder": folder})
        counts = _Counts()
        key = settings.qdrant_api_key.get_secret_value()
        with connected(settings.qdrant_url, key) as storage:
            async with open_context(settings, storage) as context:
                progress = context.checkpoint.progress(name)
                assert progress is not None
                assert isinstance(context.source, QdrantSource)
                context.source.end = progress.end
                with pipeline(context, counts) as range_pipeline:
                    await range_pipeline.run(context.checkpoint, progress)
                return counts.value, context.failures.reasons

    with TemporaryDirectory() as folder:  # failures travel back to the driver's file
        return asyncio.run(work(folder))


class _Counts:
    """Adds up what the driver's progress bar will show."""

    def __init__(self) -> None:
        self.value: Counts = (0, 0, 0)

    def advance(self, points: int, failed: int, tokens: int) -> None:
        """Add points that were written and failed, and tokens that were embedded."""
        self.value = (self.value[0] + points, self.value[1] + failed, self.value[2] + tokens)


@contextmanager
def cluster(ray: Any, address: str) -> Iterator[None]:
    """A block with the cluster; its workers get this code."""
    local = {"include_dashboard": False} if address == "local" else {}
    modules = [str(Path(__file__).parents[2])]
    ray.init(address, runtime_env={"py_modules": modules}, log_to_driver=False, **local)
    try:
        yield
    finally:
        ray.shutdown()


def load_ray() -> Any:
    """Ray, if it is installed.

    Raises:
        UsageError: it is not.
    """
    # Ray reports to its makers, and warns of changes to come, unless told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise UsageError("--engine=ray needs Ray: pip install ray.") from error
    return ray
