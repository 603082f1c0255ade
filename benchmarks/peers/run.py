"""One run: servers of one kind of model started together, measured in turn round by round, then those of the other."""

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import typer

from benchmarks.load import Load
from benchmarks.peers import interference
from benchmarks.peers.catalogue import OURS
from benchmarks.peers.contestants import (
    BARE,
    BareBackend,
    Contestant,
    HttpContestant,
    Refused,
    SentenceTransformersInProcess,
)
from benchmarks.peers.environments import InstallFailed, environment, versions
from benchmarks.peers.formats import folder_of
from benchmarks.peers.peak import operations
from benchmarks.peers.peer import Launch, Peer
from benchmarks.peers.results import Results, Sample
from benchmarks.peers.server import Server, StartFailed
from benchmarks.peers.work import MIXED, WARM_UP, Sizes, Work, round_of_work
from benchmarks.served import metric
from bentos.common.backends.interface import Kind
from bentos.common.models import resolve as served_model
from bentos.common.models.store import InstalledModel
from bentos.common.settings import EngineSettings

_WARM_UP_ROUND = -1
_STARTED = ".started"


@dataclass(frozen=True)
class Plan:
    """What a run does.

    Attributes:
        work: folder of environments, conversions and logs.
        peers: in this order.
        rounds: of every load on every contestant.
        sizes: of a round.
        threads: of every contestant.
        interference_queries: 0 leaves that load out.
        settings: of our services, as they read them.
    """

    work: Path
    peers: Sequence[Peer]
    rounds: int
    sizes: Sizes
    threads: int
    interference_queries: int
    settings: EngineSettings

    def log_of(self, peer: Peer, kind: Kind) -> Path:
        """What its server prints."""
        return self.work / "logs" / f"{peer.name}-{kind}.log"


def measure(plan: Plan, original: InstalledModel, served: InstalledModel, results: Results) -> None:
    """Measure everything that serves this kind of model; what fails is noted and left out.

    Args:
        plan: of the run.
        original: the torch model, which peers load.
        served: the variant that our service takes.
        results: gets the samples.
    """
    peers = [peer for peer in plan.peers if peer.serves(original.profile.kind)]
    prepared = [(peer, launch) for peer in peers if (launch := _prepare(plan, peer, original, results))]
    with ExitStack() as stack:
        reference = SentenceTransformersInProcess(original)
        servers = [
            server for peer, launch in prepared if (server := _start(plan, peer, launch, served, results, stack))
        ]
        contestants: list[Contestant] = [*servers]
        try:
            contestants.append(BareBackend(served_model.load(served, plan.settings), served))
        except RuntimeError as error:
            results.failures[f"{BARE}, {original.profile.kind}"] = str(error)
        contestants.append(reference)
        results.abouts.setdefault(BARE, "our backend alone, sequences sorted by length: what HTTP and the engine cost")
        results.abouts.setdefault(reference.name, "the original in fp32 by its own library, without any server")
        _warm_up(contestants, original, reference, results)
        for number in range(plan.rounds):
            for work in round_of_work(original, number, plan.sizes):
                cost = operations(original.path, work.lengths)
                for contestant in contestants:
                    if load := _attempt(contestant, work, results):
                        sample = Sample.of(contestant.name, contestant.precision, number, work, load, cost)
                        results.samples.append(sample)
                        typer.echo(
                            f"round {number + 1}, {work.load}, {contestant.name}: {load.seconds:.2f} s", err=True
                        )
        for server in servers:
            results.memory_mib.setdefault(server.name, {})[original.profile.kind] = server.server.memory_mib()
        ours = next((server for server in servers if server.name == OURS), None)
        if ours and original.profile.kind == "encoder" and plan.interference_queries:
            with ours.server.awake():
                results.interference = interference.measure(
                    ours, original, plan.interference_queries, plan.settings.target_batch_ms
                )


def _start(
    plan: Plan, peer: Peer, launch: Launch, served: InstalledModel, results: Results, stack: ExitStack
) -> HttpContestant | None:
    started = time.monotonic()
    try:
        server = Server.start(peer, launch, plan.log_of(peer, launch.kind))
    except StartFailed as error:
        _leave_out(peer, launch.kind, error, results)
        return None
    stack.callback(server.stop)
    server.pause()
    pins = versions(peer.requirements) if peer.requirements else {name: version(name) for name in peer.versions}
    results.versions[peer.name] = ", ".join(f"{name} {pins[name.lower()]}" for name in peer.versions)
    typer.echo(f"{peer.name} is ready after {time.monotonic() - started:.0f} s", err=True)
    precision = peer.precision or served.profile.precision
    if peer.name == OURS:
        return _OurService(peer, server, served, precision, results.padding)
    return HttpContestant(peer, server, served, precision)


def _prepare(plan: Plan, peer: Peer, original: InstalledModel, results: Results) -> Launch | None:
    """Install the peer and give it its model; nothing else runs yet, so conversions have the memory to themselves."""
    kind = original.profile.kind
    results.abouts[peer.name] = peer.about
    typer.echo(f"{peer.name} is prepared", err=True)
    try:
        launch = Launch(
            python=environment(peer.requirements, plan.work) if peer.requirements else Path(sys.executable),
            port=0,
            model=folder_of(original, peer.model_format, plan.work),
            model_id=original.profile.model_id,
            kind=kind,
            window=original.profile.max_tokens,
            threads=plan.threads,
            home=plan.work / "homes" / peer.name / original.tag.replace(":", "-"),
        )
        started_before = launch.home / _STARTED
        if peer.converts_at_first_start and not started_before.is_file():
            launch.home.mkdir(parents=True, exist_ok=True)
            Server.start(peer, launch, plan.log_of(peer, kind)).stop()
            started_before.touch()
    except (InstallFailed, StartFailed) as error:
        _leave_out(peer, kind, error, results)
        return None
    return launch


def _leave_out(peer: Peer, kind: Kind, error: Exception, results: Results) -> None:
    results.failures[f"{peer.name}, {kind}"] = f"{type(error).__name__}: {error}"
    typer.echo(f"{peer.name} is left out: {error}", err=True)


class _OurService(HttpContestant):
    """Notes the padding of the mixed load."""

    def __init__(self, peer: Peer, server: Server, model: InstalledModel, precision: str, padding: list[float]) -> None:
        super().__init__(peer, server, model, precision)
        self._padding = padding

    def run_awake(self, work: Work) -> Load:
        before = self._tokens()
        load = super().run_awake(work)
        after = self._tokens()
        if work.load == MIXED:
            padding, tokens = (late - early for late, early in zip(after, before, strict=True))
            self._padding.append(padding / (padding + tokens))
        return load

    def _tokens(self) -> tuple[float, float]:
        url = self.server.url
        return metric(url, "duobento_padding_tokens_total"), metric(url, "duobento_tokens_total")


def _warm_up(
    contestants: Sequence[Contestant],
    original: InstalledModel,
    reference: SentenceTransformersInProcess,
    results: Results,
) -> None:
    """Some of each load, and a look at whether all serve the same model."""
    for contestant in contestants:
        for work in round_of_work(original, _WARM_UP_ROUND, WARM_UP):
            _attempt(contestant, work, results)
        if isinstance(contestant, HttpContestant) and original.profile.kind == "encoder":
            with contestant.server.awake():
                cosines = np.sum(contestant.vectors() * reference.vectors(), axis=1)
            results.same_model[contestant.name] = float(cosines.min())
    if original.profile.kind == "encoder":
        results.padding.clear()


def _attempt(contestant: Contestant, work: Work, results: Results) -> Load | None:
    try:
        return contestant.run(work)
    except Refused as error:
        results.failures[f"{contestant.name}, {work.load}"] = str(error)
        return None
