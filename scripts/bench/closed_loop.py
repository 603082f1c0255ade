"""The guide's performance test: one request at a time, cached and uncached told apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from scripts.bench.client import Client
from scripts.bench.dialects import Dialect
from scripts.bench.targets import Measure, Target, Verdict
from scripts.bench.texts import Texts

QUERY = "Who knows about building search engines?"


@dataclass(frozen=True)
class Subject:
    """What is measured: a server of embeddings, one of rankings, or both, asked in a dialect."""

    name: str
    dialect: Dialect
    embed: Client | None
    rerank: Client | None
    model: str = ""

    @property
    def clients(self) -> list[Client]:
        """Of the servers that there are."""
        return [client for client in (self.embed, self.rerank) if client]


@dataclass(frozen=True)
class Plan:
    """How much is sent.

    Attributes:
        iterations: of each measure, after `warm_up` ones that do not count.
        batch_size: texts of one batch.
        documents: of one reranking.
    """

    iterations: int
    warm_up: int
    batch_size: int
    documents: int


@dataclass(frozen=True)
class Samples:
    """What was measured of one subject.

    Attributes:
        milliseconds: of each request, by measure; of a batch, per document.
        hits: how many requests of a cached measure came from the cache; none if the server does not say.
    """

    milliseconds: dict[Measure, list[float]] = field(default_factory=dict)
    hits: dict[Measure, int | None] = field(default_factory=dict)

    def percentile(self, measure: Measure, percent: float) -> float:
        """Milliseconds."""
        return float(np.percentile(self.milliseconds[measure], percent))


@dataclass(frozen=True)
class Row:
    """A judged figure."""

    target: Target
    milliseconds: float
    verdict: Verdict
    requests: int


async def measure(
    subjects: Sequence[Subject], plan: Plan, texts: Texts, advance: Callable[[], None] = lambda: None
) -> list[Samples]:
    """Measure all subjects in turns, in both orders, so that what else the machine does meets all of them alike.

    Raises:
        NotMeasured: if a request is not answered.
    """
    all_samples = [Samples() for _ in subjects]
    turns = list(zip(subjects, all_samples, strict=True))
    for iteration in range(-plan.warm_up, plan.iterations):
        turns.reverse()
        for subject, samples in turns:
            await _iterate(subject, plan, texts, samples if iteration >= 0 else Samples())
        advance()
    return all_samples


def judge(samples: Samples, targets: Sequence[Target]) -> list[Row]:
    """One row per target whose measure there is."""
    rows = []
    for target in targets:
        if target.measure in samples.milliseconds:
            figure = samples.percentile(target.measure, target.percentile)
            requests = len(samples.milliseconds[target.measure])
            rows.append(Row(target, figure, target.verdict(figure), requests))
    return rows


async def _iterate(subject: Subject, plan: Plan, texts: Texts, samples: Samples) -> None:
    if subject.embed:
        await _embed(subject, subject.embed, plan, texts, samples)
    if subject.rerank:
        await _rerank(subject, subject.rerank, plan, texts, samples)


async def _embed(subject: Subject, client: Client, plan: Plan, texts: Texts, samples: Samples) -> None:
    single = subject.dialect.embed_call([texts.next()], subject.model)
    reply = await client.must(single)
    _note(samples, Measure.EMBED, reply.seconds)
    batch = await client.must(subject.dialect.embed_call(texts.take(plan.batch_size), subject.model))
    _note(samples, Measure.BATCH, batch.seconds / plan.batch_size)
    await client.must(single, cached=True)
    again = await client.must(single, cached=True)
    _note(samples, Measure.EMBED_CACHED, again.seconds)
    _count_hit(samples, Measure.EMBED_CACHED, again.cached(), items=1)


async def _rerank(subject: Subject, client: Client, plan: Plan, texts: Texts, samples: Samples) -> None:
    call = subject.dialect.rerank_call(QUERY, texts.take(plan.documents), subject.model)
    reply = await client.must(call)
    _note(samples, Measure.RERANK, reply.seconds)
    await client.must(call, cached=True)
    again = await client.must(call, cached=True)
    _note(samples, Measure.RERANK_CACHED, again.seconds)
    _count_hit(samples, Measure.RERANK_CACHED, again.cached(), items=plan.documents)


def _note(samples: Samples, measure: Measure, seconds: float) -> None:
    samples.milliseconds.setdefault(measure, []).append(seconds * 1000)


def _count_hit(samples: Samples, measure: Measure, cached: int | None, items: int) -> None:
    before = samples.hits.get(measure, 0)
    samples.hits[measure] = None if cached is None or before is None else before + (cached == items)
