"""Command line of the migration. Without a command it migrates; flags may come before a command or after it."""

from typing import Annotated

import typer

from scripts.command import Program, UsageError
from scripts.migrate.commands.migrate import migrate
from scripts.migrate.commands.session import run_step, session
from scripts.migrate.commands.switch import cleanup, make_alias, rollback, switch
from scripts.migrate.commands.verify import verify
from scripts.migrate.flags import with_flags
from scripts.migrate.settings import MigrateSettings

app = Program(
    """Re-embed a Qdrant collection without downtime: migrate, verify, switch; then rollback or cleanup.

    Exit codes: 0 done, 1 done, but some points failed, or verification failed, 2 refused: the sentence says what to
    change, 3 Qdrant, a source or the service does not answer: run it again to go on.
    """
)


@app.callback(invoke_without_command=True)
@with_flags
def migrate_command(settings: MigrateSettings) -> None:
    """Write the vectors of the service to a new collection, beside the old one."""
    run_step(settings, migrate)


@app.command("verify")
@with_flags
def verify_command(settings: MigrateSettings) -> None:
    """Compare the new collection with its source and write a report; exit code 1 if something is wrong."""
    run_step(settings, verify)


@app.command("switch")
@with_flags
def switch_command(settings: MigrateSettings) -> None:
    """Catch up, verify, then point the alias at the new collection in one step."""
    if settings.user_id or settings.in_place:
        raise UsageError("switch is for a whole collection: leave --user-id and --in-place out.")
    run_step(settings, switch)


@app.command("rollback")
@with_flags
def rollback_command(settings: MigrateSettings) -> None:
    """Point the alias at the old collection again. What was written to the new one since stays there alone."""
    with session(settings) as storage:
        rollback(settings, storage)


@app.command("cleanup")
@with_flags
def cleanup_command(
    settings: MigrateSettings,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete it; without this the command only says what it would delete.")
    ] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Delete the new collection, before a switch.")] = False,
) -> None:
    """Delete the old collection after a switch, and the checkpoint."""
    with session(settings) as storage:
        cleanup(settings, storage, yes=yes, abandon=abandon)


@app.command("alias")
@with_flags
def alias_command(
    settings: MigrateSettings,
    *,
    collection: Annotated[str, typer.Argument(help="Collection that --alias shall name.")],
    move: Annotated[bool, typer.Option("--move", help="Even if it names another collection now.")] = False,
) -> None:
    """Make an alias for a collection, so that it can be migrated and switched."""
    with session(settings) as storage:
        make_alias(settings, storage, collection, move=move)
