"""Command line of the migration. Without a command it migrates: flags come first, then the command, if any."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from qdrant_client.http.exceptions import ApiException

from scripts.migrate import flags
from scripts.migrate.catch_up import catch_up
from scripts.migrate.embed_client import EmbedClient
from scripts.migrate.errors import MigrateError
from scripts.migrate.failures import Failures
from scripts.migrate.plan import describe, make_plan
from scripts.migrate.preparation import Prepared, prepare
from scripts.migrate.progress import ProgressBar
from scripts.migrate.run import copy_of, pipeline, refuse_to_discard, retry_failed, run
from scripts.migrate.settings import MigrateSettings
from scripts.migrate.storage import Storage, connected
from scripts.migrate.switch import clean_up, find_migration, point_alias, roll_back, switch, unused
from scripts.migrate.verify import verify

FAILED_POINTS = 3

_Work = Callable[[MigrateSettings, Prepared, EmbedClient, Callable[[str], None]], Awaitable[ProgressBar]]
_YES = Annotated[
    bool, typer.Option("--yes", help="Delete it; without this the command only says what it would delete.")
]

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
        _with_service(settings, lambda prepared, embedder: _migrate(settings, prepared, embedder))


app.callback(invoke_without_command=True)(flags.with_flags(migrate))


@app.command("verify")
def verify_command(ctx: typer.Context) -> None:
    """Compare the new collection with its source and write a report; exit code 1 if something is wrong."""
    settings: MigrateSettings = ctx.obj
    _with_service(settings, lambda prepared, embedder: _verify(settings, prepared, embedder))


@app.command("switch")
def switch_command(ctx: typer.Context) -> None:
    """Catch up, verify, then point the alias at the new collection in one step."""
    settings: MigrateSettings = ctx.obj

    async def switch_over(prepared: Prepared, embedder: EmbedClient) -> None:
        if not prepared.migration.complete:
            raise MigrateError("There is nothing to switch to: migrate all points first.")
        refuse_to_discard(settings, prepared)
        await _catch_up(settings, prepared, embedder)
        await _verify(settings, prepared, embedder)
        await _catch_up(settings, prepared, embedder)
        if len(prepared.failures) and not settings.allow_failed:
            raise MigrateError(
                f"{len(prepared.failures)} points failed and would not be found after a switch: see "
                f"{prepared.failures.path}, then --retry-failed, or leave them behind with --allow-failed."
            )
        switch(prepared.storage, prepared.checkpoint, prepared.migration)
        typer.echo(f"{settings.alias} points at {prepared.target.name}. Back: python -m scripts.migrate rollback")

    if settings.user_id or settings.in_place:
        _fail("switch is for a whole collection: leave --user-id and --in-place out.")
    _with_service(settings, switch_over)


@app.command("rollback")
def rollback_command(ctx: typer.Context) -> None:
    """Point the alias at the old collection again. What was written to the new one since stays there alone."""
    settings: MigrateSettings = ctx.obj
    with _storage(settings) as storage:
        _, migration = find_migration(storage, settings.alias, settings.target)
        typer.echo(f"{settings.alias} points at {roll_back(storage, migration)}.")


@app.command("cleanup")
def cleanup_command(
    ctx: typer.Context,
    yes: _YES = False,
    abandon: Annotated[bool, typer.Option("--abandon", help="Delete the new collection, before a switch.")] = False,
) -> None:
    """Delete the old collection after a switch, and the checkpoint."""
    settings: MigrateSettings = ctx.obj
    with _storage(settings) as storage:
        checkpoint, migration = find_migration(storage, settings.alias, settings.target)
        collection = unused(storage, migration, abandon=abandon)
        what = f"{collection} and {checkpoint.collection}" if collection else checkpoint.collection
        failures = Failures.of(settings.folder, migration.target)
        if len(failures):
            typer.echo(f"{len(failures)} points were not migrated; {failures.path}, which stays, names them.", err=True)
        if not yes:
            _fail(f"This deletes {what}: say --yes.")
        clean_up(storage, checkpoint, collection)
        typer.echo(f"Deleted {what}.")


@app.command("alias")
def alias_command(
    ctx: typer.Context,
    collection: Annotated[str, typer.Argument(help="Collection that --alias shall name.")],
    move: Annotated[bool, typer.Option("--move", help="Also if it names another collection now.")] = False,
) -> None:
    """Make an alias for a collection, so that it can be migrated and switched."""
    settings: MigrateSettings = ctx.obj
    with _storage(settings) as storage:
        if not move and (now := storage.resolve(settings.alias)) not in (None, collection):
            _fail(f"{settings.alias} points at {now}: say --move to point it at {collection} instead.")
        point_alias(storage, settings.alias, collection)
        typer.echo(f"{settings.alias} points at {collection}.")


async def _migrate(settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient) -> None:
    if settings.dry_run:
        for line in describe(await make_plan(settings, prepared, embedder), settings, prepared):
            typer.echo(line)
        return
    bar = await _work(settings)(settings, prepared, embedder, typer.echo)
    rate = (bar.written + bar.failed) / bar.seconds
    typer.echo(f"{bar.written} points written to {prepared.target.name}, {bar.tokens} tokens, {rate:.0f} points/s.")
    if len(prepared.failures):
        typer.echo(
            f"{len(prepared.failures)} points failed: see {prepared.failures.path}, then --retry-failed.", err=True
        )
        raise typer.Exit(FAILED_POINTS)


def _work(settings: MigrateSettings) -> _Work:
    if settings.retry_failed:
        return retry_failed
    if settings.engine == "local":
        return run
    from scripts.migrate.ray_engine import run_on_ray

    return run_on_ray


async def _catch_up(settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient) -> None:
    with ProgressBar(0, 0, typer.echo) as bar, pipeline(settings, prepared, embedder, bar) as work:
        changes = await catch_up(work, copy_of(settings, prepared))
    typer.echo(f"Final pass: {changes.written} points written, {changes.deleted} deleted.")


async def _verify(settings: MigrateSettings, prepared: Prepared, embedder: EmbedClient) -> None:
    from scripts.migrate.report import write_report

    found = await verify(settings, prepared, embedder)
    path = settings.folder / f"{prepared.target.name}.html"
    write_report(found, prepared.migration, path)
    typer.echo(
        f"{found.points[0]} points in {prepared.source.name}, {found.points[1]} in {prepared.target.name}; {path}"
    )
    if found.overlaps:
        typer.echo(
            f"{sum(found.overlaps) / len(found.overlaps):.2f} of the nearest neighbours are the same on average."
        )
    for problem in found.problems:
        typer.echo(problem, err=True)
    if found.problems:
        raise typer.Exit(1)
    but = f", but for {found.failed} points that failed: {prepared.failures.path}" if found.failed else ""
    typer.echo(f"The new collection is right{but}.")


def _with_service(settings: MigrateSettings, work: Callable[[Prepared, EmbedClient], Awaitable[None]]) -> None:
    """Do work on a prepared migration."""

    async def prepared_work(storage: Storage) -> None:
        embedder = EmbedClient(
            settings.embed_service_url,
            settings.service_api_key.get_secret_value(),
            settings.concurrency,
            settings.patience_seconds,
        )
        try:
            await work(await prepare(settings, storage, embedder), embedder)
        finally:
            await embedder.close()

    with _storage(settings) as storage:
        asyncio.run(prepared_work(storage))


@contextmanager
def _storage(settings: MigrateSettings) -> Iterator[Storage]:
    """A connection; what is wrong ends the command with one sentence."""
    message = ""
    try:
        with connected(settings.qdrant_url, settings.qdrant_api_key.get_secret_value()) as storage:
            yield storage
    except* MigrateError as errors:
        message = str(_first(errors))
    except* (ApiException, OSError) as errors:
        message = f"Qdrant, or the disk, does not do what it should: {_first(errors)}"
    if message:  # not in the blocks above, which would wrap the exit in a group
        _fail(message)


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _fail(message: str) -> None:
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m scripts.migrate")
