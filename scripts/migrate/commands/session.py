"""What all commands share: their connections, and that what is wrong ends them with one sentence."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from qdrant_client.http.exceptions import ApiException

from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.context import Prepared, prepare
from scripts.migrate.errors import MigrateError
from scripts.migrate.qdrant.connection import Storage, connected
from scripts.migrate.settings import MigrateSettings

Step = Callable[[MigrateSettings, Prepared, EmbedClient], Awaitable[None]]


def run_step(settings: MigrateSettings, step: Step) -> None:
    """Do a step that needs the service, on a prepared migration.

    Raises:
        typer.Exit: with code 1 when something is wrong, or with the step's own.
    """

    async def prepared_step(storage: Storage) -> None:
        embedder = EmbedClient(
            settings.embed_service_url,
            settings.service_api_key.get_secret_value(),
            settings.concurrency,
            settings.patience_seconds,
        )
        try:
            await step(settings, await prepare(settings, storage, embedder), embedder)
        finally:
            await embedder.close()

    with session(settings) as storage:
        asyncio.run(prepared_step(storage))


@contextmanager
def session(settings: MigrateSettings) -> Iterator[Storage]:
    """A block with a connection to Qdrant.

    Raises:
        typer.Exit: with code 1, after a sentence on what is wrong.
    """
    message = ""
    try:
        with connected(settings.qdrant_url, settings.qdrant_api_key.get_secret_value()) as storage:
            yield storage
    except* MigrateError as errors:
        message = str(_first(errors))
    except* (ApiException, OSError) as errors:
        message = f"Qdrant, or the disk, does not do what it should: {_first(errors)}"
    if message:  # not in the blocks above, which would wrap the exit in a group
        fail(message)


def fail(message: str) -> NoReturn:
    """End the command with a sentence and exit code 1."""
    typer.echo(f"Error: {message}", err=True)
    raise typer.Exit(1)


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
