"""What a peer needs before it can be started: packages, a build, the model in its format."""

import shlex
import sys
from importlib.metadata import version
from pathlib import Path

import typer

from benchmarks.peers.building import binary
from benchmarks.peers.environments import InstallFailed, environment, versions
from benchmarks.peers.formats import folder_of
from benchmarks.peers.peer import Launch, Peer
from benchmarks.peers.results import Results
from benchmarks.peers.server import StartFailed, running, variables
from benchmarks.served import ROOT
from bentos.common.backends.interface import Kind
from bentos.common.models.store import InstalledModel

_STARTED = ".started"


class Unfit(RuntimeError):
    """A peer has no place on this machine; the message says why."""


def prepare(peer: Peer, original: InstalledModel, work: Path, threads: int, results: Results) -> Launch | None:
    """Install the peer and give it its model; None, and a failure in the results, if that cannot be done here."""
    kind = original.profile.kind
    results.abouts[peer.name] = peer.about
    typer.echo(f"{peer.name} is prepared", err=True)
    try:
        if reason := peer.unfit():
            raise Unfit(reason)
        launch = Launch(
            program=_program(peer, work, threads),
            port=0,
            model=folder_of(original, peer.model_format, work),
            model_id=original.profile.model_id,
            kind=kind,
            window=original.profile.max_tokens,
            threads=threads,
            home=work / "homes" / peer.name / original.tag.replace(":", "-"),
        )
        started_before = launch.home / _STARTED
        if peer.converts_at_first_start and not started_before.is_file():
            launch.home.mkdir(parents=True, exist_ok=True)
            with running(peer, launch, log_of(peer, kind, work)):
                started_before.touch()
    except (Unfit, InstallFailed, StartFailed) as error:
        leave_out(peer.name, kind, error, results)
        return None
    results.versions[peer.name] = _versions(peer)
    results.starts.setdefault(peer.name, {})[kind] = _start(peer, launch, work)
    return launch


def log_of(peer: Peer, kind: Kind, work: Path) -> Path:
    """What its server prints."""
    return work / "logs" / f"{peer.name}-{kind}.log"


def leave_out(name: str, kind: Kind, error: Exception, results: Results) -> None:
    """Note why a contestant is not measured."""
    results.failures[f"{name}, {kind}"] = f"{type(error).__name__}: {error}"
    typer.echo(f"{name} is left out: {error}", err=True)


def _program(peer: Peer, work: Path, threads: int) -> Path:
    if not peer.requirements:
        return Path(sys.executable)
    python = environment(peer.requirements, work, peer.python)
    return binary(peer.source, python, work, threads) if peer.source else python


def _versions(peer: Peer) -> str:
    pins = versions(peer.requirements) if peer.requirements else {name: version(name) for name in peer.versions}
    named = {name: pins[name.lower()] for name in peer.versions}
    if peer.source:
        named[peer.source.package] = peer.source.version
    return ", ".join(f"{name} {number}" for name, number in named.items())


def _start(peer: Peer, launch: Launch, work: Path) -> str:
    """Variables and command as a shell reads them, without the folders of this machine."""
    words = [f"{name}={value}" for name, value in variables(peer, launch).items()] + peer.command(launch)
    line = shlex.join(words)
    for folder, short in ((f"{work}/", ""), (f"{sys.prefix}/", ""), (f"{ROOT}/", ""), (f"{Path.home()}/", "~/")):
        line = line.replace(folder, short)
    return line
