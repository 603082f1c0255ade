"""Reads a range of the source, embeds and writes it, with a bounded number of batches in memory."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from scripts.backoff import doubling
from scripts.migrate.client.embed_client import NOT_UTF8, EmbedClient
from scripts.migrate.client.outage import Outage
from scripts.migrate.copy.dead_letters import Failures
from scripts.migrate.copy.template import Template
from scripts.migrate.qdrant.checkpoint import Progress
from scripts.migrate.qdrant.connection import is_transient
from scripts.migrate.sources.interface import Cursor, PointId, Record, Source

EMPTY = "the template leaves no text"
_SAVE_EVERY_SECONDS = 0.5
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0
_PAGE_BATCHES = 2

Result = TypeVar("Result")


class Reporter(Protocol):
    """Receives progress."""

    def advance(self, points: int, failed: int, tokens: int) -> None:
        """Add points that were written and failed, and tokens that were embedded."""


class Sink(Protocol):
    """Takes records with their vectors: a collection, or a file."""

    def write(self, records: Sequence[Record], vectors: NDArray[np.float32]) -> dict[PointId, str]:
        """Write records and vectors `[records, dimension]`; the same ones again change nothing.

        Returns:
            Why records were not written, by id.
        """


class ProgressStore(Protocol):
    """Saves how far a range has come."""

    def save(self, progress: Progress) -> None:
        """Save progress, after all that was written before it."""


@dataclass(frozen=True)
class Pipeline:
    """What turns records into written points.

    Attributes:
        threads: run the calls of source and target; one thread where the engine is embedded.
        patience_seconds: how long to retry while source or target is down.
    """

    source: Source
    template: Template
    embedder: EmbedClient
    target: Sink
    failures: Failures
    reporter: Reporter
    threads: Executor
    batch_size: int
    concurrency: int
    patience_seconds: float

    async def run(self, checkpoint: ProgressStore, progress: Progress, limit: int = 0) -> Progress:
        """Migrate a range from where its progress says.

        Progress is saved behind the oldest batch that is not written, so that a crash repeats some points, with the
        same ids, and loses none.

        Raises:
            UnreachableError: the service was down for too long.
            UsageError: it changed its model.
        """
        pages: deque[_Page] = deque()
        slots = asyncio.Semaphore(2 * self.concurrency)  # half being written
        saved_at, read, cursor, more = time.monotonic(), 0, progress.cursor, not progress.done
        async with asyncio.TaskGroup() as batches:
            while more:
                records, cursor = await self.call(self.source.page, cursor, _PAGE_BATCHES * self.batch_size)
                page = _Page(cursor)
                pages.append(page)
                for start in range(0, len(records), self.batch_size):
                    await slots.acquire()
                    page.waiting += 1
                    batches.create_task(self._batch(records[start : start + self.batch_size], page, slots))
                page.read = True
                read += len(records)
                more = cursor is not None and not 0 < limit <= read
                progress = _finished(pages, progress)
                if time.monotonic() - saved_at > _SAVE_EVERY_SECONDS:
                    await self.call(checkpoint.save, progress)
                    saved_at = time.monotonic()
        progress = _finished(pages, progress)
        await self.call(checkpoint.save, progress)
        return progress

    async def migrate(self, records: Sequence[Record]) -> tuple[int, int]:
        """Embed and write records; how many were written and how many failed."""
        texts = [self.template.render(record.payload) for record in records]
        reasons = {
            index: reason
            for index, (record, text) in enumerate(zip(records, texts, strict=True))
            if (reason := _why_not(record, text))
        }
        full = [index for index in range(len(texts)) if index not in reasons]
        tokens = 0
        if full:
            embedded = await self.embedder.embed([texts[index] for index in full])
            tokens = embedded.tokens
            reasons |= {full[index]: reason for index, reason in embedded.failed.items()}
            kept = [index for index in range(len(full)) if index not in embedded.failed]
            if kept:
                written = [records[full[index]] for index in kept]
                refused = await self.call(self.target.write, written, embedded.vectors[np.array(kept)])
                reasons |= {
                    full[index]: refused[one.id] for index, one in zip(kept, written, strict=True) if one.id in refused
                }
                self.failures.forget([record.id for record in written if record.id not in refused])
        for index, reason in sorted(reasons.items()):
            self.failures.add(records[index].id, reason)
        self.reporter.advance(len(records) - len(reasons), len(reasons), tokens)
        return len(records) - len(reasons), len(reasons)

    async def call(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call source or target off the event loop; again while it is down."""
        loop = asyncio.get_running_loop()
        outage, pauses = Outage(self.patience_seconds), doubling(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            try:
                return await loop.run_in_executor(self.threads, function, *arguments)
            except Exception as error:
                if not is_transient(error) or outage.ends():
                    raise
            await asyncio.sleep(next(pauses))

    async def _batch(self, records: Sequence[Record], page: "_Page", slots: asyncio.Semaphore) -> None:
        written, failed = await self.migrate(records)
        page.points += written
        page.failed += failed
        page.waiting -= 1
        slots.release()


def _why_not(record: Record, text: str) -> str:
    """Why it cannot be migrated; empty if it can."""
    if not text:
        return EMPTY
    try:
        json.dumps([record.payload, text], ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return NOT_UTF8
    return ""


@dataclass
class _Page:
    """A page under way.

    Attributes:
        next: where the page after it begins.
        waiting: batches that are not written yet.
        read: whether all its batches were begun.
    """

    next: Cursor
    waiting: int = 0
    points: int = 0
    failed: int = 0
    read: bool = False


def _finished(pages: deque[_Page], progress: Progress) -> Progress:
    """Progress behind the oldest page that is not written."""
    while pages and pages[0].read and not pages[0].waiting:
        page = pages.popleft()
        progress = replace(
            progress,
            cursor=page.next,
            points=progress.points + page.points,
            failed=progress.failed + page.failed,
            done=page.next is None,
        )
    return progress
