"""A whole search, as an application makes it: embed the query, find the nearest points, rerank them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from scripts.bench.client import Client
from scripts.bench.texts import Texts
from scripts.migrate.copy.template import Template
from scripts.migrate.qdrant.connection import connected
from scripts.search.index import Collection, engine, points_of, refuse_another_size, searching
from scripts.search.stages import Stage, embed, rerank


@dataclass(frozen=True)
class SearchPlan:
    """Where to search.

    Attributes:
        url: Qdrant's, or the folder of its embedded engine.
        vector: its name in the collection; an empty one is the only vector.
        template: makes the text that is reranked of a point's payload.
        top: points that are found and reranked.
    """

    url: str
    key: str
    collection: str
    vector: str
    template: Template
    top: int


@dataclass(frozen=True)
class SearchTimes:
    """What whole searches took.

    Attributes:
        engine: title and version of the engine that found the points.
        milliseconds: duration of each search, by stage.
    """

    engine: str
    collection: str
    points: int
    top: int
    milliseconds: dict[Stage, list[float]] = field(default_factory=dict)

    def percentile(self, percent: float, stage: Stage | None = None) -> float:
        """Milliseconds of a stage; without one of the whole search."""
        times = np.array(self.milliseconds[stage] if stage else list(self.milliseconds.values()))
        return float(np.percentile(times if stage else times.sum(axis=0), percent))

    def share(self, stage: Stage) -> float:
        """Part of the time of all searches that a stage takes."""
        return sum(self.milliseconds[stage]) / sum(map(sum, self.milliseconds.values()))


async def measure(
    plan: SearchPlan,
    embedder: Client,
    reranker: Client,
    texts: Texts,
    *,
    iterations: int,
    warm_up: int,
    advance: Callable[[], None] = lambda: None,
) -> SearchTimes:
    """Search with new queries, one at a time.

    Raises:
        UnreachableError: a service or Qdrant does not answer.
        UsageError: the collection is empty, or cannot be searched with the model's vectors.
    """
    with connected(plan.url, plan.key) as storage, searching(plan.collection):
        collection = Collection(storage.client, plan.collection, plan.vector)
        points = points_of(storage.client, plan.collection, plan.template).count()
        times = SearchTimes(engine(storage), plan.collection, points, plan.top)
        for iteration in range(-warm_up, iterations):
            found = await _search(plan, collection, embedder, reranker, texts.next())
            if iteration >= 0:
                for stage, seconds in found.items():
                    times.milliseconds.setdefault(stage, []).append(seconds * 1000)
            advance()
        return times


async def _search(
    plan: SearchPlan, collection: Collection, embedder: Client, reranker: Client, query: str
) -> dict[Stage, float]:
    vector, embedding = await embed(embedder, query)
    refuse_another_size(collection, len(vector), "The model's vectors have")
    started = perf_counter()
    hits = collection.search(vector, plan.top)
    search_seconds = perf_counter() - started
    _, reranking = await rerank(reranker, query, hits, plan.template)
    return {Stage.EMBED: embedding, Stage.SEARCH: search_seconds, Stage.RERANK: reranking}
