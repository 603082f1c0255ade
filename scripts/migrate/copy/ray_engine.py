"""The same run on a Ray cluster: a task for each range of ids, each with its own place in the checkpoint."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.context import Prepared, prepare
from scripts.migrate.copy.local_engine import begin, copy_of, finish, pipeline
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.reconcile import reconcile
from scripts.migrate.errors import MigrateError
from scripts.migrate.qdrant.checkpoint import Checkpoint, Progress
from scripts.migrate.qdrant.connection import connected
from scripts.migrate.qdrant.id_ranges import starts
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.sources.interface import Cursor
from scripts.migrate.sources.qdrant import QdrantSource
from scripts.migrate.wording import counted

_ATTEMPTS = 5  # of a task whose worker or node is lost

Counts = tuple[int, int, int]


async def run_on_ray(
    settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient, write: Callable[[str], None]
) -> ProgressBar:
    """Migrate until the end; every worker reads, embeds and writes its ranges, and the driver makes the final pass.

    Raises:
        MigrateError: the source or target is not on a server, or Ray is not installed.
    """
    refuse_what_ray_cannot_do(settings, prepared)
    ray = load_ray()
    begin(settings, prepared, write)
    ranges = [one for one in _ranges(settings, prepared) if not one.done]
    with (
        ProgressBar(prepared.source.count(), 0, write) as bar,
        cluster(ray, settings.ray_address),
        pipeline(settings, prepared, embedder, bar) as work,
    ):
        task = ray.remote(num_cpus=1, max_retries=_ATTEMPTS)(_migrate_range)
        # Flags do not reach the workers' environment, so settings travel as they are, secrets included.
        waiting = [task.remote(settings.model_dump(), one.name) for one in ranges]
        while waiting:
            done, waiting = await asyncio.to_thread(ray.wait, waiting)
            for counts, failures in ray.get(done):
                bar.advance(*counts)
                for point_id, reason in failures.items():
                    prepared.failures.add(point_id, reason)
        changes = await reconcile(work, prepared.target, copy_of(settings, prepared))
        write(f"Final pass: {counted(changes.written, 'point')} written, {changes.deleted} deleted.")
    finish(settings, prepared)
    return bar


def refuse_what_ray_cannot_do(settings: MigrateSettings, prepared: Prepared) -> None:
    """Refuse a run that its workers could not share.

    Raises:
        MigrateError: the source or target is not on a server, or a flag is for one process.
    """
    if prepared.storage.folder is not None or prepared.collection is None or settings.limit or settings.in_place:
        raise MigrateError(
            "--engine=ray is for a collection on a Qdrant server that all workers reach, and not with --limit or "
            "--in-place: leave --engine out."
        )


def _ranges(settings: MigrateSettings, prepared: Prepared) -> list[Progress]:
    """The ranges of the checkpoint, or new ones if there are none yet."""
    who = f"user {settings.user_id}" if settings.user_id else "all"
    known: list[Progress] = []
    while (found := prepared.checkpoint.progress(f"{who}, range {len(known)}")) is not None:
        known.append(found)
    if known and known[-1].end is None:
        return known
    first = starts(prepared.storage.client, prepared.source.name, settings.shards)
    ends: list[Cursor] = [*first[1:], None]
    ranges = [
        Progress(f"{who}, range {n}", cursor, end) for n, (cursor, end) in enumerate(zip(first, ends, strict=True))
    ]
    for one in ranges:
        prepared.checkpoint.save(one)
    return ranges


def _migrate_range(given: dict[str, Any], name: str) -> tuple[Counts, dict[int | str, str]]:
    """On a worker: migrate a range from where its progress says; written, failed, tokens, and the failures."""

    async def work(folder: str) -> tuple[Counts, dict[int | str, str]]:
        settings = MigrateSettings(**given | {"folder": folder})
        embedder = EmbedClient(
            settings.embed_service_url,
            settings.service_api_key.get_secret_value(),
            settings.concurrency,
            settings.patience_seconds,
        )
        counts = _Counts()
        with connected(settings.qdrant_url, settings.qdrant_api_key.get_secret_value()) as storage:
            try:
                prepared = await prepare(settings, storage, embedder)
                checkpoint = Checkpoint(storage.client, prepared.target.name)
                progress = checkpoint.progress(name)
                assert progress is not None
                assert isinstance(prepared.source, QdrantSource)
                prepared.source.end = progress.end
                with pipeline(settings, prepared, embedder, counts) as range_pipeline:
                    await range_pipeline.run(checkpoint, progress)
                return counts.value, prepared.failures.reasons
            finally:
                await embedder.close()

    with TemporaryDirectory() as folder:  # failures travel back to the driver's file
        return asyncio.run(work(folder))


class _Counts:
    """Adds up what the driver's progress bar will show."""

    def __init__(self) -> None:
        self.value: Counts = (0, 0, 0)

    def advance(self, points: int, failed: int, tokens: int) -> None:
        """So many more points were written and failed, and so many tokens embedded."""
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
        MigrateError: it is not.
    """
    # Ray reports to its makers, and warns of changes to come, unless told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise MigrateError("--engine=ray needs Ray: pip install ray.") from error
    return ray
