"""The command without a name: shows the plan, or lets one machine or Ray fill the new collection."""

from collections.abc import Awaitable, Callable

import typer

from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.context import Prepared
from scripts.migrate.copy.local_engine import refuse_to_discard, retry_failed, run
from scripts.migrate.copy.plan import describe, make_plan
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.ray_engine import refuse_what_ray_cannot_do, run_on_ray
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.wording import counted

FAILED_POINTS = 3

_Work = Callable[[MigrateSettings, Prepared, EmbedClient, Callable[[str], None]], Awaitable[ProgressBar]]


async def fill(settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient) -> None:
    """Show the plan of a dry run; else migrate, on the engine of the settings, or retry the points that failed.

    Raises:
        MigrateError: it cannot go on.
        typer.Exit: with code `FAILED_POINTS` when it is done but for some points.
    """
    if settings.dry_run:
        refuse_to_discard(settings, prepared)
        if settings.engine == "ray":
            refuse_what_ray_cannot_do(settings, prepared)
        for line in describe(await make_plan(settings, prepared, embedder), settings, prepared):
            typer.echo(line)
        return
    bar = await _work(settings)(settings, prepared, embedder, typer.echo)
    rate = (bar.written + bar.failed) / bar.seconds
    typer.echo(
        f"{counted(bar.written, 'point')} written to {prepared.target.name}, "
        f"{counted(bar.tokens, 'token')}, {rate:.0f} points/s."
    )
    if len(prepared.failures):
        typer.echo(
            f"{counted(len(prepared.failures), 'point')} failed: see {prepared.failures.path}, then --retry-failed.",
            err=True,
        )
        raise typer.Exit(FAILED_POINTS)


def _work(settings: MigrateSettings) -> _Work:
    if settings.retry_failed:
        return retry_failed
    if settings.engine == "local":
        return run
    return run_on_ray
