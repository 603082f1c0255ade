"""The commands around the alias, with what they say; `qdrant/aliases.py` does what they ask for."""

import typer

from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.commands.verify import check
from scripts.migrate.context import Prepared
from scripts.migrate.copy.dead_letters import Failures
from scripts.migrate.copy.local_engine import copy_of, pipeline, refuse_to_discard
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.reconcile import reconcile
from scripts.migrate.errors import MigrateError
from scripts.migrate.qdrant.aliases import clean_up, find_migration, point_alias, roll_back, switch, unused
from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.wording import counted


async def switch_over(settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient) -> None:
    """Catch up, verify, catch up with what was written during that, and point the alias at the new collection.

    Raises:
        MigrateError: not all points are migrated, or a switch would lose some.
        typer.Exit: with code 1 when the new collection is not right.
    """
    if not prepared.migration.complete:
        raise MigrateError("There is nothing to switch to: migrate all points first.")
    refuse_to_discard(settings, prepared)
    await _final_pass(settings, prepared, embedder)
    await check(settings, prepared, embedder)
    await _final_pass(settings, prepared, embedder)
    if len(prepared.failures) and not settings.allow_failed:
        raise MigrateError(
            f"{counted(len(prepared.failures), 'point')} failed and would not be found after a switch: see "
            f"{prepared.failures.path}, then --retry-failed, or leave them behind with --allow-failed."
        )
    switch(prepared.storage, prepared.checkpoint, prepared.migration)
    typer.echo(f"{settings.alias} points at {prepared.target.name}. Back: python -m scripts.migrate rollback")


def rollback(settings: MigrateSettings, storage: Storage) -> None:
    """Point the alias at what it pointed at before the switch.

    Raises:
        MigrateError: there is nothing to go back to.
    """
    _, migration = find_migration(storage, settings.alias, settings.target)
    typer.echo(f"{settings.alias} points at {roll_back(storage, migration)}.")


def cleanup(settings: MigrateSettings, storage: Storage, *, yes: bool, abandon: bool) -> None:
    """Delete the collection that is not used, and the checkpoint.

    Args:
        yes: without it nothing is deleted.
        abandon: delete the new collection, not the old one.

    Raises:
        MigrateError: the alias still points at the collection; without `yes`, what would be deleted.
    """
    checkpoint, migration = find_migration(storage, settings.alias, settings.target)
    collection = unused(storage, migration, abandon=abandon)
    what = f"{collection} and {checkpoint.collection}" if collection else checkpoint.collection
    failures = Failures.of(settings.folder, migration.target)
    if len(failures):
        typer.echo(f"{counted(len(failures), 'point')} not migrated; {failures.path} stays and says which.", err=True)
    if not yes:
        raise MigrateError(f"This deletes {what}: say --yes.")
    clean_up(storage, checkpoint, collection)
    typer.echo(f"Deleted {what}.")


def make_alias(settings: MigrateSettings, storage: Storage, collection: str, *, move: bool) -> None:
    """Have the alias of the settings name a collection.

    Raises:
        MigrateError: there is no such collection, or the alias names another and `move` is not given.
    """
    if not move and (now := storage.resolve(settings.alias)) not in (None, collection):
        raise MigrateError(f"{settings.alias} points at {now}: say --move to point it at {collection} instead.")
    point_alias(storage, settings.alias, collection)
    typer.echo(f"{settings.alias} points at {collection}.")


async def _final_pass(settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient) -> None:
    with ProgressBar(0, 0, typer.echo) as bar, pipeline(settings, prepared, embedder, bar) as work:
        changes = await reconcile(work, prepared.target, copy_of(settings, prepared))
    typer.echo(f"Final pass: {counted(changes.written, 'point')} written, {changes.deleted} deleted.")
