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
class Contestant:
    """What is measured: a server of embeddings, one of rankings, or both, asked in a dialect."""

    name: str
    dialect: Dialect
    embed: Client | None
    rerank: Client | None
    model: str = ""

    @property
    def clients(self) -> list[Client]:
        """Clients of the servers that there are."""
        return [client for client in (self.embed, self.rerank) if client]


@dataclass(frozen=True)
class Plan:
    """How much is sent.

    Attributes:
        iterations: requests of each measure, after `warm_up` ones that do not count.
        batch_size: number of texts of one batch.
        documents: number of documents of one reranking.
    """

    iterations: int
    warm_up: int
    batch_size: int
    documents: int


@dataclass(frozen=True)
class Samples:
    """What was measured of one contestant.

    Attributes:
        milliseconds: duration of each request, by measure; of a batch, per document.
        hits: how many requests of a cached measure came from the cache; None if the server does not say.
    """

    milliseconds: dict[Measure, list[float]] = field(default_factory=dict)
    hits: dict[Measure, int | None] = field(default_factory=dict)

    def percentile(self, measure: Measure, percent: float) -> float:
        """Milliseconds."""
        return float(np.percentile(self.milliseconds[measure], percent))


@dataclass(frozen=True)
class Judgement:
    """A figure and its verdict."""

    target: Target
    milliseconds: float
    verdict: Verdict
    requests: int


async def measure(
    contestants: Sequence[Contestant], plan: Plan, texts: Texts, advance: Callable[[], None] = lambda: None
) -> list[Samples]:
    """Measure all contestants in turns, in both orders, so that what else the machine does meets all of them alike.

    Raises:
        UnreachableError: if a request is not answered.
    """
    all_samples = [Samples() for _ in contestants]
    turns = list(zip(contestants, all_samples, strict=True))
    for iteration in range(-plan.warm_up, plan.iterations):
        turns.reverse()
        for contestant, samples in turns:
            await _iterate(contestant, plan, texts, samples if iteration >= 0 else Samples())
        advance()
    return all_samples


def judge(samples: Samples, targets: Sequence[Target]) -> list[Judgement]:
    """One judgement per target whose measure was taken."""
    rows = []
    for target in targets:
        if target.measure in samples.milliseconds:
            figure = samples.percentile(target.measure, target.percentile)
            requests = len(samples.milliseconds[target.measure])
            rows.append(Judgement(target, figure, target.verdict(figure), requests))
    return rows


async def _iterate(contestant: Contestant, plan: Plan, texts: Texts, samples: Samples) -> None:
    if contestant.embed:
        await _embed(contestant, contestant.embed, plan, texts, samples)
    if contestant.rerank:
        await _rerank(contestant, contestant.rerank, plan, texts, samples)


async def _embed(contestant: Contestant, client: Client, plan: Plan, texts: Texts, samples: Samples) -> None:
    single = contestant.dialect.embed_call([texts.next()], contestant.model)
    reply = await client.send_or_raise(single)
    _note(samples, Measure.EMBED, reply.seconds)
    batch = await client.send_or_raise(contestant.dialect.embed_call(texts.take(plan.batch_size), contestant.model))
    _note(samples, Measure.BATCH, batch.seconds / plan.batch_size)
    await client.send_or_raise(single, cached=True)
    again = await client.send_or_raise(single, cached=True)
    _note(samples, Measure.EMBED_CACHED, again.seconds)
    _count_hit(samples, Measure.EMBED_CACHED, again.cached(), items=1)


async def _rerank(contestant: Contestant, client: Client, plan: Plan, texts: Texts, samples: Samples) -> None:
    call = contestant.dialect.rerank_call(QUERY, texts.take(plan.documents), contestant.model)
    reply = await client.send_or_raise(call)
    _note(samples, Measure.RERANK, reply.seconds)
    await client.send_or_raise(call, cached=True)
    again = await client.send_or_raise(call, cached=True)
    _note(samples, Measure.RERANK_CACHED, again.seconds)
    _count_hit(samples, Measure.RERANK_CACHED, again.cached(), items=plan.documents)


def _note(samples: Samples, measure: Measure, seconds: float) -> None:
    samples.milliseconds.setdefault(measure, []).append(seconds * 1000)


def _count_hit(samples: Samples, measure: Measure, cached: int | None, items: int) -> None:
    before = samples.hits.get(measure, 0)
    samples.hits[measure] = None if cached is None or before is None else before + (cached == items)
