"""One run: in each round every contestant alone, started, measured and stopped."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import typer

from benchmarks.load import Load
from benchmarks.peers import behaviour, interference
from benchmarks.peers.agreement import Original
from benchmarks.peers.catalogue import OURS
from benchmarks.peers.contestants import Contestant, HttpContestant, Refused
from benchmarks.peers.peak import operations
from benchmarks.peers.peer import Launch, Peer
from benchmarks.peers.preparation import leave_out, log_of, prepare
from benchmarks.peers.references import BARE, SENTENCE_TRANSFORMERS, BareBackend, SentenceTransformersInProcess
from benchmarks.peers.results import Results, Sample
from benchmarks.peers.server import running
from benchmarks.peers.work import MIXED, WARM_UP, Sizes, Work, round_of_work
from benchmarks.served import metric
from bentos.common.models import resolve as served_model
from bentos.common.models.store import InstalledModel
from bentos.common.settings import EngineSettings

_WARM_UP_ROUND = -1

Turn = Callable[[], AbstractContextManager[Contestant]]
"""Starts a contestant and stops it in the end."""


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes:
        work: folder of environments, builds, conversions and logs.
        peers: in this order.
        rounds: of every load on every contestant.
        sizes: of a round.
        threads: of every contestant.
        behaviour: whether servers are asked what is not a load, in the last round.
        interference_queries: 0 leaves that load out.
        settings: of our services, as they read them.
    """

    work: Path
    peers: Sequence[Peer]
    rounds: int
    sizes: Sizes
    threads: int
    behaviour: bool
    interference_queries: int
    settings: EngineSettings


def prepared(plan: Plan, original: InstalledModel, results: Results) -> list[tuple[Peer, Launch]]:
    """Install, build and convert what the servers of this kind of model need; nothing else runs yet."""
    return [
        (peer, launch)
        for peer in plan.peers
        if peer.serves(original.profile.kind)
        and (launch := prepare(peer, original, plan.work, plan.threads, results)) is not None
    ]


def measure(plan: Plan, original: InstalledModel, served: InstalledModel, results: Results) -> None:
    """Measure everything that serves this kind of model; what fails is noted and left out.

    Args:
        plan: of the run.
        original: the torch model, which peers load.
        served: the variant that our service takes.
        results: gets the samples.
    """
    kind = original.profile.kind
    turns: dict[str, Turn] = {
        peer.name: partial(_served, plan, peer, launch, served) for peer, launch in prepared(plan, original, results)
    }
    turns[BARE] = partial(_bare, plan, served)
    turns[SENTENCE_TRANSFORMERS] = partial(_sentence_transformers, original)
    results.abouts.setdefault(BARE, "our backend alone, sequences sorted by length: what HTTP and the engine cost")
    results.abouts.setdefault(SENTENCE_TRANSFORMERS, "the original in fp32 by its own library, without any server")
    answers = Original.of(original)
    for number in range(plan.rounds):
        for name, turn in list(turns.items()):
            try:
                with turn() as contestant:
                    _warm_up(contestant, original, answers, results)
                    _round(number, contestant, plan, original, results)
                    if isinstance(contestant, HttpContestant):
                        memory = contestant.server.memory_mib()
                        results.memory_mib.setdefault(name, {})[kind] = memory
                        if number == plan.rounds - 1:
                            _look_beside_speed(contestant, plan, original, results)
            except (RuntimeError, httpx.HTTPError) as error:
                leave_out(name, kind, error, results)
                del turns[name]
            gc.collect()


def _round(number: int, contestant: Contestant, plan: Plan, original: InstalledModel, results: Results) -> None:
    for work in round_of_work(original, number, plan.sizes):
        if load := _measured(contestant, work, results):
            cost = operations(original.path, work.lengths)
            results.samples.append(Sample.of(contestant.name, contestant.precision, number, work, load, cost))
            typer.echo(f"round {number + 1}, {contestant.name}, {work.load}: {load.seconds:.2f} s", err=True)


def _warm_up(contestant: Contestant, original: InstalledModel, answers: Original, results: Results) -> None:
    """Some of each load, and a look at whether it serves the same model."""
    for work in round_of_work(original, _WARM_UP_ROUND, WARM_UP):
        _attempt(contestant, work, results)
    if isinstance(contestant, HttpContestant):
        if original.profile.kind == "encoder":
            results.same_model[contestant.name] = answers.cosine(contestant)
        else:
            results.score_differences[contestant.name] = answers.difference(contestant)


def _look_beside_speed(server: HttpContestant, plan: Plan, original: InstalledModel, results: Results) -> None:
    if server.name == OURS and original.profile.kind == "encoder" and plan.interference_queries:
        results.interference = interference.measure(
            server, original, plan.interference_queries, plan.settings.target_batch_ms
        )
    if plan.behaviour:
        seen = results.behaviour.setdefault(server.name, {})
        for question, answer in behaviour.observe(server, original):
            seen[f"{original.profile.kind}: {question}"] = answer


@contextmanager
def _served(plan: Plan, peer: Peer, launch: Launch, served: InstalledModel) -> Iterator[Contestant]:
    with running(peer, launch, log_of(peer, launch.kind, plan.work)) as server:
        yield HttpContestant(peer, server, served)


@contextmanager
def _bare(plan: Plan, served: InstalledModel) -> Iterator[Contestant]:
    yield BareBackend(served_model.load(served, plan.settings), served)


@contextmanager
def _sentence_transformers(original: InstalledModel) -> Iterator[Contestant]:
    yield SentenceTransformersInProcess(original)


def _measured(contestant: Contestant, work: Work, results: Results) -> Load | None:
    """Do a load; of our service, note its padding under the mixed one."""
    if not (isinstance(contestant, HttpContestant) and contestant.name == OURS and work.load == MIXED):
        return _attempt(contestant, work, results)
    before = _computed_tokens(contestant)
    load = _attempt(contestant, work, results)
    padding, tokens = (late - early for late, early in zip(_computed_tokens(contestant), before, strict=True))
    results.padding.append(padding / (padding + tokens))
    return load


def _computed_tokens(ours: HttpContestant) -> tuple[float, float]:
    url = ours.server.url
    return metric(url, "duobento_padding_tokens_total"), metric(url, "duobento_tokens_total")


def _attempt(contestant: Contestant, work: Work, results: Results) -> Load | None:
    try:
        return contestant.run(work)
    except Refused as error:
        results.failures[f"{contestant.name}, {work.load}"] = str(error)
        return None
