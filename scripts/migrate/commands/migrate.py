"""The command without a name: shows the plan, or lets one machine or Ray write the new collection."""

from collections.abc import Awaitable, Callable

import typer

from scripts.command import ExitCode
from scripts.migrate.context import MigrationContext
from scripts.migrate.copy.local_engine import refuse_to_discard, retry_failed, run
from scripts.migrate.copy.plan import describe, make_plan
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.ray_engine import refuse_what_ray_cannot_do, run_on_ray
from scripts.migrate.settings import MigrateSettings
from scripts.wording import counted

_Engine = Callable[[MigrationContext, Callable[[str], None]], Awaitable[ProgressBar]]


async def migrate(context: MigrationContext) -> None:
    """Show the plan of a dry run; else migrate, on the engine of the settings, or retry the points that failed.

    Raises:
        UsageError, UnreachableError: it cannot go on.
        typer.Exit: with `ExitCode.NEGATIVE` when some points failed.
    """
    settings = context.settings
    if settings.dry_run:
        refuse_to_discard(context)
        if settings.engine == "ray":
            refuse_what_ray_cannot_do(context)
        for line in describe(await make_plan(context), context):
            typer.echo(line)
        return
    bar = await _engine(settings)(context, typer.echo)
    rate = (bar.written + bar.failed) / bar.seconds
    typer.echo(
        f"{counted(bar.written, 'point')} written to {context.target.name}, "
        f"{counted(bar.tokens, 'token')}, {rate:.0f} points/s."
    )
    if len(context.failures):
        typer.echo(
            f"{counted(len(context.failures), 'point')} failed: see {context.failures.path}, then --retry-failed.",
            err=True,
        )
        raise typer.Exit(ExitCode.NEGATIVE)


def _engine(settings: MigrateSettings) -> _Engine:
    if settings.retry_failed:
        return retry_failed
    if settings.engine == "local":
        return run
    return run_on_ray
