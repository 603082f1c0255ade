"""The commands around the alias, with what they say; `qdrant/aliases.py` does what they ask for."""

import typer

from scripts.command import UsageError
from scripts.migrate.commands.verify import verify
from scripts.migrate.context import MigrationContext
from scripts.migrate.copy.dead_letters import Failures
from scripts.migrate.copy.local_engine import pipeline, refuse_to_discard
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.reconcile import reconcile
from scripts.migrate.qdrant import aliases
from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.settings import MigrateSettings
from scripts.wording import counted


async def switch(context: MigrationContext) -> None:
    """Catch up, verify, catch up with what was written during that, and point the alias at the new collection.

    Raises:
        UsageError: not all points are migrated, or a switch would lose some.
        typer.Exit: with `ExitCode.NEGATIVE` when the new collection is not right.
    """
    failures = context.failures
    if not context.migration.complete:
        raise UsageError("There is nothing to switch to: migrate all points first.")
    refuse_to_discard(context)
    await _final_pass(context)
    await verify(context)
    await _final_pass(context)
    if len(failures) and not context.settings.allow_failed:
        raise UsageError(
            f"{counted(len(failures), 'point')} failed and would not be found after a switch: see "
            f"{failures.path}, then --retry-failed, or leave them behind with --allow-failed."
        )
    aliases.switch(context.storage, context.checkpoint, context.migration)
    typer.echo(
        f"{context.settings.alias} points at {context.target.name}. To go back: python -m scripts.migrate rollback"
    )


def rollback(settings: MigrateSettings, storage: Storage) -> None:
    """Point the alias at what it pointed at before the switch.

    Raises:
        UsageError: there is nothing to go back to.
    """
    _, migration = aliases.find_migration(storage, settings.alias, settings.target)
    typer.echo(f"{settings.alias} points at {aliases.roll_back(storage, migration)}.")


def cleanup(settings: MigrateSettings, storage: Storage, *, yes: bool, abandon: bool) -> None:
    """Delete the collection that is not used, and the checkpoint.

    Args:
        yes: without it nothing is deleted.
        abandon: delete the new collection, not the old one.

    Raises:
        UsageError: the alias still points at the collection; without `yes`, what would be deleted.
    """
    checkpoint, migration = aliases.find_migration(storage, settings.alias, settings.target)
    collection = aliases.unused(storage, migration, abandon=abandon)
    what = f"{collection} and {checkpoint.collection}" if collection else checkpoint.collection
    failures = Failures.of(settings.folder, migration.target)
    if len(failures):
        typer.echo(f"{counted(len(failures), 'point')} not migrated; {failures.path} stays and lists them.", err=True)
    if not yes:
        raise UsageError(f"This deletes {what}: say --yes.")
    aliases.clean_up(storage, checkpoint, collection)
    typer.echo(f"Deleted {what}.")


def make_alias(settings: MigrateSettings, storage: Storage, collection: str, *, move: bool) -> None:
    """Have the alias of the settings name a collection.

    Raises:
        UsageError: there is no such collection, or the alias names another and `move` is not given.
    """
    if not move and (now := storage.resolve(settings.alias)) not in (None, collection):
        raise UsageError(f"{settings.alias} points at {now}: say --move to point it at {collection} instead.")
    aliases.point_alias(storage, settings.alias, collection)
    typer.echo(f"{settings.alias} points at {collection}.")


async def _final_pass(context: MigrationContext) -> None:
    with ProgressBar(0, 0, typer.echo) as bar, pipeline(context, bar) as work:
        changes = await reconcile(work, context.target, context.copies)
    typer.echo(f"Final pass: {counted(changes.written, 'point')} written, {changes.deleted} deleted.")
