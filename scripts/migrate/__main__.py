"""Command line of the migration. Without a command it migrates; flags may come before a command or after it."""

from typing import Annotated, Any

import typer

from scripts.migrate.commands.migrate import fill
from scripts.migrate.commands.session import fail, run_step, session
from scripts.migrate.commands.switch import cleanup, make_alias, rollback, switch_over
from scripts.migrate.commands.verify import check
from scripts.migrate.flags import load, with_flags

app = typer.Typer(
    help="Re-embed a Qdrant collection without downtime: migrate, verify, switch; then rollback or cleanup.",
    add_completion=False,
    rich_markup_mode=None,  # its tables cut flags' names
)

Given = dict[str, Any]


@app.callback(invoke_without_command=True)
@with_flags
def migrate(ctx: typer.Context, given: Given) -> None:
    """Fill a new collection with the vectors of the service, beside the old one.

    Exit codes: 0 done, 1 refused or stopped (run it again to go on), 2 a wrong flag, 3 done but for the points in the
    failures' file.
    """
    if ctx.invoked_subcommand is None:
        run_step(load(given), fill)


@app.command("verify")
@with_flags
def verify_command(_: typer.Context, given: Given) -> None:
    """Compare the new collection with its source and write a report; exit code 1 if something is wrong."""
    run_step(load(given), check)


@app.command("switch")
@with_flags
def switch_command(_: typer.Context, given: Given) -> None:
    """Catch up, verify, then point the alias at the new collection in one step."""
    settings = load(given)
    if settings.user_id or settings.in_place:
        fail("switch is for a whole collection: leave --user-id and --in-place out.")
    run_step(settings, switch_over)


@app.command("rollback")
@with_flags
def rollback_command(_: typer.Context, given: Given) -> None:
    """Point the alias at the old collection again. What was written to the new one since stays there alone."""
    settings = load(given)
    with session(settings) as storage:
        rollback(settings, storage)


@app.command("cleanup")
@with_flags
def cleanup_command(
    _: typer.Context,
    given: Given,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete it; without this the command only says what it would delete.")
    ] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Delete the new collection, before a switch.")] = False,
) -> None:
    """Delete the old collection after a switch, and the checkpoint."""
    settings = load(given)
    with session(settings) as storage:
        cleanup(settings, storage, yes=yes, abandon=abandon)


@app.command("alias")
@with_flags
def alias_command(
    _: typer.Context,
    given: Given,
    *,
    collection: Annotated[str, typer.Argument(help="Collection that --alias shall name.")],
    move: Annotated[bool, typer.Option("--move", help="Also if it names another collection now.")] = False,
) -> None:
    """Make an alias for a collection, so that it can be migrated and switched."""
    settings = load(given)
    with session(settings) as storage:
        make_alias(settings, storage, collection, move=move)


if __name__ == "__main__":
    app(prog_name="python -m scripts.migrate")
