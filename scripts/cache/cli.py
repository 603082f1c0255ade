"""Command line of the cache in Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from redis.exceptions import RedisError

from bentos.common.cache.redis.client import Client, connect
from bentos.common.settings import CacheSettings
from scripts.cache.entries import count_by_variant, drop_model
from scripts.command import Program, UnreachableError, UsageError
from scripts.deployment import read

_PATIENCE_SECONDS = 30.0

Result = TypeVar("Result")
_URL = Annotated[str | None, typer.Option("--url", help="URL of the Redis; default: CACHE_URL.")]

app = Program(
    """Show what the services keep in Redis, and drop a model's entries.

    Exit codes: 0 done, 2 the URL or an option is wrong, 3 Redis does not answer.
    """,
    no_args_is_help=True,
)


@app.command("stats")
def stats_command(url: _URL = None) -> None:
    """Count entries by service, model, revision, precision, width and number type, with their memory in Redis."""
    variants = _run(count_by_variant, url)
    for name, usage in sorted(variants.items()):
        typer.echo(f"{name}  {usage.entries} entries  {usage.memory_bytes} bytes")
    if not variants:
        typer.echo("Redis holds no entries of the services.")


@app.command("drop")
def drop_command(
    model: Annotated[str, typer.Argument(help="Id of the model, such as intfloat/multilingual-e5-large.")],
    url: _URL = None,
) -> None:
    """Drop all entries of one model, of both services and in all precisions."""
    dropped = _run(lambda client: drop_model(client, model), url)
    typer.echo(f"Dropped {dropped} entries of {model}.")


def _run(work: Callable[[Client], Awaitable[Result]], url: str | None) -> Result:
    """Do work on the Redis of a URL.

    Raises:
        UsageError: it is not the URL of a Redis.
        UnreachableError: Redis does not answer as it should.
    """
    url = url or read(CacheSettings).url.get_secret_value()
    if url in ("memory", "none"):
        raise UsageError("There is no Redis: give its URL with --url or CACHE_URL.")

    async def connected() -> Result:
        client = connect(url, _PATIENCE_SECONDS)
        try:
            return await work(client)
        finally:
            await client.aclose()

    try:
        return asyncio.run(connected())
    except ValueError as error:
        raise UsageError(str(error)) from None
    except (RedisError, OSError) as error:
        raise UnreachableError(f"Redis does not answer as it should: {error}") from None
