"""What a migration would do, and how long it would take, without changing anything."""

import asyncio
import json
import time
from dataclasses import dataclass
from datetime import timedelta

from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from scripts.migrate.context import MigrationContext
from scripts.migrate.sources.qdrant import QdrantSource
from scripts.wording import counted

_BYTES_PER_VALUE = 4
_INDEX_BYTES_PER_POINT = 2 * 16 * 4 + 16  # links of HNSW's lowest layer with m=16, and the upper layers' share
_MEASURED_SCROLLS = 3
_PAGE = 1000


@dataclass(frozen=True)
class Plan:
    """Figures of a plan; those of texts are of the sample, scaled up where it is not all.

    Attributes:
        sampled: number of points looked at.
        without_vector: points that do not have the vector that is replaced; None if the server cannot tell.
        over_window: texts that will lose tokens.
        texts_per_second: rate of the service, measured now with the sample.
        read_seconds, embed_seconds: for all points, from rates measured now.
        disk_bytes: vectors, payload and index of the target.
        vendor_dollars: price of the tokens at the vendor.
    """

    points: int
    sampled: int
    without_vector: int | None
    empty: int
    over_window: int
    tokens: int
    batches: int
    texts_per_second: float
    tokens_per_second: float
    read_seconds: float
    embed_seconds: float
    disk_bytes: int
    backup_bytes: int
    vendor_dollars: float


async def make_plan(context: MigrationContext) -> Plan:
    """Count, sample, and measure source and service; the service's cache is left as it is."""
    settings = context.settings
    points = context.source.count()
    records = context.source.sample(settings.sample)
    texts = [text for record in records if (text := context.template.render(record.payload))]
    share = points / len(records) if records else 0.0
    size = min(settings.batch_size, max(1, -(-len(texts) // settings.concurrency)))
    batches = [texts[start : start + size] for start in range(0, len(texts), size)]
    started = time.perf_counter()
    answers = await asyncio.gather(*(context.embedder.embed(batch, store=False) for batch in batches))
    seconds = max(time.perf_counter() - started, 1e-9)
    tokens = sum(answer.tokens for answer in answers)
    payload = sum(len(json.dumps(record.payload, default=str)) for record in records)
    layout = context.target.layout
    half = layout.datatype == models.Datatype.FLOAT16
    point_bytes = layout.size * (_BYTES_PER_VALUE // 2 if half else _BYTES_PER_VALUE) + _INDEX_BYTES_PER_POINT
    backup = points * layout.size * _BYTES_PER_VALUE if context.collection and settings.backup else 0
    rate = len(texts) / seconds if texts else 0.0
    return Plan(
        points=points,
        sampled=len(records),
        without_vector=_without_vector(context),
        empty=round((len(records) - len(texts)) * share),
        over_window=round(sum(len(answer.truncated) for answer in answers) * share),
        tokens=round(tokens * share),
        batches=-(-points // settings.batch_size),
        texts_per_second=rate,
        tokens_per_second=tokens / seconds,
        read_seconds=_read_rate(context) * points,
        embed_seconds=len(texts) * share / rate if rate else 0.0,
        disk_bytes=0 if settings.in_place else points * point_bytes + round(payload * share),
        backup_bytes=backup + round(payload * share) if backup else 0,
        vendor_dollars=tokens * share / 1e6 * settings.price_per_million_tokens,
    )


def describe(plan: Plan, context: MigrationContext) -> list[str]:
    """The plan, one line per figure."""
    settings = context.settings
    layout = context.target.layout
    exact = "all of them looked at" if plan.sampled >= plan.points else f"texts estimated from {plan.sampled}"
    free = context.storage.free_bytes()
    lines = [
        f"source      {context.source.name}",
        f"target      {context.target.name}, {layout.size} dimensions, {layout.distance.value.lower()}, "
        + (layout.datatype or models.Datatype.FLOAT32).value
        + (", in place" if settings.in_place else ""),
        f"model       {context.service.model}",
        f"points      {plan.points} ({exact})",
        f"empty       {counted(plan.empty, 'text')}, kept in {context.failures.path}",
        f"too long    {counted(plan.over_window, 'text')} over {context.service.window} tokens, cut there",
        f"tokens      {plan.tokens}",
        f"batches     {plan.batches} of {settings.batch_size}",
        f"throughput  {plan.texts_per_second:.0f} texts/s, {plan.tokens_per_second:.0f} tokens/s, measured now",
        f"time        {_time(max(plan.embed_seconds, plan.read_seconds))} to read, embed and write "
        f"(read {_time(plan.read_seconds)}, embed {_time(plan.embed_seconds)}, at the same time)",
        f"            {_time(2 * plan.read_seconds)} for the final pass, as much again to verify",
        f"disk        {_size(plan.disk_bytes)} for the target, {_size(plan.backup_bytes)} for the backup"
        + (f", {_size(free)} free" if free is not None else ""),
        f"vendor      {plan.vendor_dollars:.2f} dollars at {settings.price_per_million_tokens:g} per million tokens",
    ]
    if plan.without_vector:
        lines.append(
            f"no vector   {counted(plan.without_vector, 'point')} without the vector that is replaced: they get one"
        )
    if context.resumed:
        lines.append("resumes     a migration that was started before")
    if free is not None and plan.disk_bytes + plan.backup_bytes > free:
        lines.append("WARNING     not enough free space on the disk")
    return lines


def _without_vector(context: MigrationContext) -> int | None:
    if not isinstance(context.source, QdrantSource):
        return 0
    try:
        return context.source.count_without(context.target.layout.vector)
    except UnexpectedResponse:  # of servers before 1.13
        return None


def _read_rate(context: MigrationContext) -> float:
    """Seconds per point, measured on a few pages."""
    started, read, cursor = time.perf_counter(), 0, None
    for _ in range(_MEASURED_SCROLLS):
        records, cursor = context.source.page(cursor, _PAGE)
        read += len(records)
        if cursor is None:
            break
    return (time.perf_counter() - started) / max(read, 1)


def _time(seconds: float) -> str:
    return "under 1 s" if seconds < 1 else str(timedelta(seconds=round(seconds)))


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
