"""What an evaluation is asked to do, and the systems that it makes of that."""

import random
from collections.abc import Callable, Sequence
from collections.abc import Collection as AnyOf
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import numpy as np
from qdrant_client import QdrantClient

from scripts.bench.client import Client
from scripts.command import UsageError
from scripts.evaluate.metrics import scores
from scripts.evaluate.queries import Judged, from_records, without_unknown
from scripts.evaluate.run import Evaluation, System, evaluate
from scripts.migrate.client.embed_client import EmbedClient
from scripts.migrate.copy.progress import ProgressBar
from scripts.migrate.copy.template import Template
from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.sources.interface import PointId, Record
from scripts.migrate.sources.qdrant import QdrantSource
from scripts.search.index import Collection, Hit, Sample, engine, points_of, refuse_another_size, searching
from scripts.wording import counted

_PAGE = 1000
_BATCH = 100
_CONCURRENCY = 4
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Job:
    """What to evaluate.

    Attributes:
        template: makes the text of a point.
        queries: None makes them by `query_template`.
        rerank_url: None reranks nothing.
        compare_url: service of another model; the old and new collection's vectors are not searched then.
    """

    collection: str
    vector: str
    old: str | None
    old_vector: str
    template: Template
    queries: Judged | None
    query_template: Template | None
    limit: int
    top: int
    embed_url: str
    rerank_url: str | None
    compare_url: str | None
    sample: int
    key: str | None
    timeout: float

    @property
    def systems(self) -> list[str]:
        """Names of the systems that will be measured."""
        names = ["new", "compared"] if self.compare_url else [*(["old"] if self.old else []), "new"]
        return names + [f"{name}, reranked" for name in names if name != "old" and self.rerank_url]

    @property
    def metrics(self) -> list[str]:
        """Names of the figures."""
        return list(scores([], {0}, self.top))


async def evaluate_job(job: Job, storage: Storage, write: Callable[[str], None]) -> Evaluation:
    """Find the queries, make the systems, ask.

    Args:
        write: takes lines with the progress where there is no terminal.

    Raises:
        UsageError: there is nothing to ask or to search, or a vector's name is wrong.
        UnreachableError: a service or Qdrant does not answer.
    """
    template, client = job.template, storage.client
    with searching(job.collection):
        source = points_of(client, job.collection, template)
        judged = _judged(job, source)
    async with AsyncExitStack() as stack:

        async def entered(name: str, url: str) -> Client:
            return await stack.enter_async_context(Client(name, url, job.key, job.timeout))

        embed = await entered("embed-service", job.embed_url)
        rerank = await entered("rerank-service", job.rerank_url) if job.rerank_url else None
        if job.compare_url:
            other = await entered("the other embed-service", job.compare_url)
            points = _sampled(job, source, template, judged)
            services = (("new", embed), ("compared", other))
            systems = [System(name, await _embedded(job, one, points, template), one, rerank) for name, one in services]
            judged.notes.append(
                f"Searched were {len(points)} points of {job.collection}, each compared with the query."
            )
        else:
            systems = _of_collections(job, client, embed, rerank, judged)
            judged.notes.append(f"Points were found by {engine(storage)}.")
        with searching(job.collection), ProgressBar(len(judged.queries), 0, write, "queries") as bar:
            found = await evaluate(systems, judged.queries, template, job.top, lambda: bar.advance(1, 0, 0))
    return replace(found, notes=judged.notes)


def _judged(job: Job, source: QdrantSource) -> Judged:
    if job.queries is None:
        assert job.query_template is not None
        records = source.sample(job.limit)
        random.Random(0).shuffle(records)
        judged = from_records(records, job.query_template, job.limit)
    else:
        judged = replace(job.queries, queries=job.queries.queries[: job.limit])

        def known(ids: Sequence[PointId]) -> AnyOf[PointId]:
            return [record.id for record in _by_ids(source, ids)]

        judged = without_unknown(judged, known)
    if not judged.queries:
        raise UsageError(" ".join([*judged.notes, "There is no query left to ask."]))
    return judged


def _of_collections(
    job: Job, client: QdrantClient, embed: Client, rerank: Client | None, judged: Judged
) -> list[System]:
    systems = []
    if job.old:
        old = _collection(client, job.old, job.old_vector)
        with searching(job.old):
            points_of(client, job.old)
        sizes = {len(query.vector) for query in judged.queries if query.vector is not None}
        if not sizes:
            raise UsageError("No query has an old vector: give them as `vector` in --queries, or leave --old out.")
        for size in sizes:
            refuse_another_size(old, size, "A query's old vector has")
        without = sum(query.vector is None for query in judged.queries)
        if without:
            judged.notes.append(
                f"Without an old vector, and not asked of old: {without} of "
                f"{counted(len(judged.queries), 'query', 'queries')}."
            )
        systems.append(System("old", old))
    return [*systems, System("new", _collection(client, job.collection, job.vector), embed, rerank)]


def _collection(client: QdrantClient, name: str, vector: str) -> Collection:
    with searching(name):
        return Collection(client, name, vector)


def _sampled(job: Job, source: QdrantSource, template: Template, judged: Judged) -> list[Hit]:
    """All points that queries should find, and others up to the sample's size, as far as they have a text."""
    wanted = {point for query in judged.queries for point in query.relevant}
    records = [*_by_ids(source, list(wanted)), *source.sample(job.sample)]
    found = {one.id: Hit(one.id, one.payload) for one in records if template.render(one.payload)}
    return list(found.values())[: max(job.sample, len(wanted))]


async def _embedded(job: Job, service: Client, points: Sequence[Hit], template: Template) -> Sample:
    embedder = EmbedClient(service.url, job.key or "", _CONCURRENCY, _PATIENCE_SECONDS)
    try:
        await embedder.info()
        texts = [template.render(point.payload) for point in points]
        parts = [
            (await embedder.embed(texts[start : start + _BATCH], store=False)).vectors
            for start in range(0, len(texts), _BATCH)
        ]
        return Sample(points, np.concatenate(parts))
    finally:
        await embedder.close()


def _by_ids(source: QdrantSource, ids: Sequence[PointId]) -> list[Record]:
    pages = (source.by_ids(ids[start : start + _PAGE]) for start in range(0, len(ids), _PAGE))
    return [record for page in pages for record in page]
