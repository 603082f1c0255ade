"""Asks every query of every system, one after the other, and times each stage."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from scripts.bench.client import Client
from scripts.evaluate.metrics import Estimate, Scores, estimate, scores
from scripts.evaluate.queries import Query
from scripts.migrate.copy.template import Template
from scripts.migrate.sources.interface import PointId
from scripts.search.index import Index, refuse_another_size
from scripts.search.stages import Stage, embed, rerank


@dataclass(frozen=True)
class System:
    """A way to search.

    Attributes:
        embed: makes the vector of a query; None takes the vector that the query has.
        rerank: orders what was found anew, as a system of its own.
    """

    name: str
    index: Index
    embed: Client | None = None
    rerank: Client | None = None

    @property
    def reranked(self) -> str:
        """Name of the system with the reranking."""
        return f"{self.name}, reranked"


@dataclass
class Measured:
    """What one system did with each query.

    Attributes:
        rankings: ids as they were found; None where the query has no vector of this system.
        milliseconds: duration of each query that was asked, by stage.
    """

    rankings: list[list[PointId] | None] = field(default_factory=list)
    milliseconds: dict[Stage, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes:
        figures: those of each system by metric, `[queries]`.
        notes: what was left out, in words.
    """

    queries: Sequence[Query]
    top: int
    measured: dict[str, Measured]
    figures: dict[str, dict[str, Scores]]
    notes: Sequence[str] = ()

    def estimate(self, system: str, metric: str) -> Estimate:
        """Mean and confidence interval of a metric."""
        return estimate(self.figures[system][metric])

    def difference(self, system: str, other: str, metric: str) -> Scores:
        """What a system has more than the other, `[queries]`; NaN where one of them was not asked."""
        return self.figures[system][metric] - self.figures[other][metric]


async def evaluate(
    systems: Sequence[System], queries: Sequence[Query], template: Template, top: int, advance: Callable[[], None]
) -> Evaluation:
    """Ask all queries of all systems.

    Args:
        template: makes the text that is reranked of a point's payload.
        top: results of a search, all of which are reranked.

    Raises:
        UnreachableError: a service did not answer.
        UsageError: it makes vectors of another size than the collection's.
    """
    measured: dict[str, Measured] = {}
    for system in systems:
        measured[system.name] = Measured()
        if system.rerank:
            measured[system.reranked] = Measured()
    for query in queries:
        for system in systems:
            await _ask(system, query, template, top, measured)
        advance()
    figures = {name: _figures(one.rankings, queries, top) for name, one in measured.items()}
    return Evaluation(queries, top, measured, figures)


async def _ask(system: System, query: Query, template: Template, top: int, measured: dict[str, Measured]) -> None:
    here = measured[system.name]
    vector: Sequence[float] | None = query.vector
    if system.embed:
        vector, seconds = await embed(system.embed, query.text)
        refuse_another_size(system.index, len(vector), "The model's vectors have")
        _note(here, Stage.EMBED, seconds)
    if vector is None:
        here.rankings.append(None)
        return
    started = time.perf_counter()
    hits = system.index.search(vector, top)
    _note(here, Stage.SEARCH, time.perf_counter() - started)
    here.rankings.append([hit.id for hit in hits])
    if system.rerank:
        there = measured[system.reranked]
        order, seconds = await rerank(system.rerank, query.text, hits, template)
        there.rankings.append(order)
        for stage in (Stage.EMBED, Stage.SEARCH):
            _note(there, stage, here.milliseconds[stage][-1] / 1000)
        _note(there, Stage.RERANK, seconds)


def _figures(rankings: Sequence[list[PointId] | None], queries: Sequence[Query], top: int) -> dict[str, Scores]:
    rows = [
        None if ranking is None else scores(ranking, query.relevant, top)
        for ranking, query in zip(rankings, queries, strict=True)
    ]
    names = scores([], queries[0].relevant, top)
    return {name: np.array([np.nan if row is None else row[name] for row in rows]) for name in names}


def _note(measured: Measured, stage: Stage, seconds: float) -> None:
    measured.milliseconds.setdefault(stage, []).append(seconds * 1000)
