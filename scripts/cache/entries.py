"""The services' entries in Redis: counting and dropping them without holding up the server."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bentos.common.cache.key import NAMESPACE
from bentos.common.cache.redis.client import Client

_BATCH = 500


@dataclass
class Usage:
    """Entries of one variant of a model: of one service, revision, precision, width and number type.

    Attributes:
        memory_bytes: memory that Redis needs for them, names and its own overhead included.
    """

    entries: int = 0
    memory_bytes: int = 0


async def count_by_variant(client: Client) -> dict[str, Usage]:
    """All entries, by what their names begin with."""
    variants: dict[str, Usage] = defaultdict(Usage)
    async for names in _batches(client, f"{NAMESPACE}:*"):
        pipeline = client.pipeline(transaction=False)
        for name in names:
            pipeline.memory_usage(name)
        for name, size in zip(names, await pipeline.execute(), strict=True):
            usage = variants[name.rpartition(b":")[0].decode(errors="replace")]
            usage.entries += 1
            usage.memory_bytes += size or 0
    return dict(variants)


async def drop_model(client: Client, model_id: str) -> int:
    """Delete all entries of a model; returns their number."""
    dropped = 0
    async for names in _batches(client, f"{NAMESPACE}:*:{_literal(model_id)}:*"):
        pipeline = client.pipeline(transaction=False)
        for name in names:
            pipeline.unlink(name)
        dropped += sum(await pipeline.execute())
    return dropped


async def _batches(client: Client, pattern: str) -> AsyncIterator[list[bytes]]:
    """Names that match a pattern; SCAN may give one twice."""
    names: list[bytes] = []
    async for name in client.scan_iter(match=pattern, count=_BATCH):
        names.append(name)
        if len(names) == _BATCH:
            yield names
            names = []
    if names:
        yield names


def _literal(text: str) -> str:
    """A pattern that matches just this text."""
    return re.sub(r"([\\*?\[\]^-])", r"\\\1", text)
