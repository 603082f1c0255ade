"""Command line of the migration. Without a command it migrates: flags come first, then the command, if any."""

from typing import Annotated, Any

import typer

from scripts.migrate import flags
from scripts.migrate.change_over import clear_away, go_back, make_alias, switch_over
from scripts.migrate.check import check
from scripts.migrate.fill import fill
from scripts.migrate.session import fail, run_step, session
from scripts.migrate.settings import MigrateSettings

app = typer.Typer(
    help="Re-embed a Qdrant collection without downtime: migrate, verify, switch; then rollback or cleanup.",
    add_completion=False,
)


def migrate(ctx: typer.Context, given: dict[str, Any]) -> None:
    """Fill a new collection with the vectors of the service, beside the old one.

    Exit codes: 0 done, 1 refused or stopped (run it again to go on), 2 a wrong flag, 3 done but for the points in the
    failures' file.
    """
    settings = ctx.obj = flags.load(given)
    if ctx.invoked_subcommand is None:
        run_step(settings, fill)


app.callback(invoke_without_command=True)(flags.with_flags(migrate))


@app.command("verify")
def verify_command(ctx: typer.Context) -> None:
    """Compare the new collection with its source and write a report; exit code 1 if something is wrong."""
    run_step(ctx.obj, check)


@app.command("switch")
def switch_command(ctx: typer.Context) -> None:
    """Catch up, verify, then point the alias at the new collection in one step."""
    settings: MigrateSettings = ctx.obj
    if settings.user_id or settings.in_place:
        fail("switch is for a whole collection: leave --user-id and --in-place out.")
    run_step(settings, switch_over)


@app.command("rollback")
def rollback_command(ctx: typer.Context) -> None:
    """Point the alias at the old collection again. What was written to the new one since stays there alone."""
    with session(ctx.obj) as storage:
        go_back(ctx.obj, storage)


@app.command("cleanup")
def cleanup_command(
    ctx: typer.Context,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete it; without this the command only says what it would delete.")
    ] = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Delete the new collection, before a switch.")] = False,
) -> None:
    """Delete the old collection after a switch, and the checkpoint."""
    with session(ctx.obj) as storage:
        clear_away(ctx.obj, storage, yes=yes, abandon=abandon)


@app.command("alias")
def alias_command(
    ctx: typer.Context,
    collection: Annotated[str, typer.Argument(help="Collection that --alias shall name.")],
    move: Annotated[bool, typer.Option("--move", help="Also if it names another collection now.")] = False,
) -> None:
    """Make an alias for a collection, so that it can be migrated and switched."""
    with session(ctx.obj) as storage:
        make_alias(ctx.obj, storage, collection, move=move)


if __name__ == "__main__":
    app(prog_name="python -m scripts.migrate")
