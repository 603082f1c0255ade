"""What all commands share: their connections."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from qdrant_client.http.exceptions import ApiException

from scripts.command import UnreachableError, first_error
from scripts.migrate.context import MigrationContext, open_context
from scripts.migrate.qdrant.connection import Storage, connected
from scripts.migrate.settings import MigrateSettings

Step = Callable[[MigrationContext], Awaitable[None]]


def run_step(settings: MigrateSettings, step: Step) -> None:
    """Do a step that needs the service, on a migration that may start.

    Raises:
        UsageError, UnreachableError: it cannot be done; alone, or in a group.
    """

    async def opened(storage: Storage) -> None:
        async with open_context(settings, storage) as context:
            await step(context)

    with session(settings) as storage:
        asyncio.run(opened(storage))


@contextmanager
def session(settings: MigrateSettings) -> Iterator[Storage]:
    """A block with a connection to Qdrant.

    Raises:
        UnreachableError: Qdrant, or the disk, fails; alone, or in a group.
    """
    try:
        with connected(settings.qdrant_url, settings.qdrant_api_key.get_secret_value()) as storage:
            yield storage
    except* (ApiException, OSError) as errors:
        raise UnreachableError(f"Qdrant, or the disk, fails: {first_error(errors)}") from errors
