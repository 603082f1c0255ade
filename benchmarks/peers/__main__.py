"""Our services side by side with other servers of the same models.

    python -m benchmarks.peers                             # models of production size; make bench-peers makes them
    python -m benchmarks.peers --model sentence-transformers/all-MiniLM-L6-v2 \\
        --reranker duobento/small-reranker-demo            # small models: a quarter of an hour
    python -m benchmarks.peers --only duobento --only vllm # these two
    python -m benchmarks.peers --prepare                   # only what takes long the first time, measuring nothing

Every peer gets a virtual environment of its own in the work folder on the first run; llama.cpp is built there. Each
server runs alone: in each round it is started, measured and stopped before the next one.
"""

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks.machine import processor
from benchmarks.make_synthetic import CROSS_ENCODER, ENCODER
from benchmarks.peers import picture, report
from benchmarks.peers.catalogue import PEERS
from benchmarks.peers.goals import goals
from benchmarks.peers.peak import gemm_peaks
from benchmarks.peers.results import Results
from benchmarks.peers.run import Plan, measure, prepared
from benchmarks.peers.work import SMOKE, Sizes
from benchmarks.served import ROOT
from bentos.common.backends.interface import Kind
from bentos.common.models import resolve as served_model
from bentos.common.models import store as model_store
from bentos.common.models.store import ModelNotInstalled
from bentos.common.resources import cpu_limit, limit_native_threads
from bentos.common.settings import EngineSettings
from bentos.embed.settings import EmbedSettings
from bentos.rerank.settings import RerankSettings

_FULL = Sizes()


def main(
    model: Annotated[str, typer.Option(help="An installed encoder; empty leaves it out.")] = ENCODER,
    reranker: Annotated[str, typer.Option(help="An installed cross-encoder; empty leaves it out.")] = CROSS_ENCODER,
    only: Annotated[list[str] | None, typer.Option(help="Only this server; may be given again.")] = None,
    prepare: Annotated[bool, typer.Option(help="Install, build and convert, and measure nothing.")] = False,
    quick: Annotated[bool, typer.Option(help="One small round, to see that everything works.")] = False,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of all loads on all servers in turn.")] = 2,
    queries: Annotated[int, typer.Option(min=0, help="Single queries in a round.")] = _FULL.queries,
    mixed: Annotated[int, typer.Option(min=0, help="Texts of mixed length in a round.")] = _FULL.mixed,
    bulk: Annotated[int, typer.Option(min=0, help="Requests of 96 texts in a round.")] = _FULL.bulk,
    rerank_20: Annotated[int, typer.Option(min=0, help="Reranks of 20 documents in a round.")] = _FULL.rerank_20,
    rerank_100: Annotated[int, typer.Option(min=0, help="Reranks of 100 documents in a round.")] = _FULL.rerank_100,
    behaviour: Annotated[bool, typer.Option(help="Also ask what is not a load: long texts, options.")] = True,
    interference_queries: Annotated[int, typer.Option(min=0, help="Queries beside bulk work; 0: none.")] = 200,
    work: Annotated[Path, typer.Option(help="Keeps environments, builds, conversions and logs.")] = ROOT
    / ".benchmarks/peers",
    json: Annotated[Path | None, typer.Option(help="Write everything measured to this file.")] = None,
    draw: Annotated[Path | None, typer.Option("--picture", help="Draw to this file, .svg or .png.")] = None,
) -> None:
    """Print the report as Markdown."""
    names = [peer.name for peer in PEERS]
    if unknown := set(only or ()) - set(names):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(names)}")
    # Whatever ends this process, its server has to end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Ended by a signal."))
    threads = cpu_limit()
    limit_native_threads(threads)
    results = Results(
        machine={"processor": processor(), "threads": threads, "date": f"{datetime.now(UTC):%d %B %Y}"},
        models={kind: name for kind, name in (("encoder", model), ("cross-encoder", reranker)) if name},
        peaks=gemm_peaks(threads),
    )
    chosen: list[tuple[Kind, str, EngineSettings]] = [
        ("encoder", model, EmbedSettings()),
        ("cross-encoder", reranker, RerankSettings()),
    ]
    for kind, name, settings in chosen:
        if not name:
            continue
        plan = Plan(
            work=work.absolute(),
            peers=[peer for peer in PEERS if not only or peer.name in only],
            rounds=1 if quick else rounds,
            sizes=SMOKE if quick else Sizes(queries, mixed, bulk, rerank_20, rerank_100),
            threads=threads,
            behaviour=behaviour,
            interference_queries=min(5, interference_queries) if quick else interference_queries,
            settings=settings,
        )
        served = served_model.resolve(name, None, settings, default=name, kind=kind)
        try:
            original = model_store.find(name, served.profile.revision)
        except ModelNotInstalled as error:
            raise SystemExit(str(error)) from None
        if prepare:
            prepared(plan, original, results)
        else:
            measure(plan, original, served, results)
    typer.echo(report.markdown(results))
    if json:
        found = {"results": results, "figures": results.figures(), "goals": goals(results)}
        json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    if draw:
        picture.draw(results, draw)


if __name__ == "__main__":
    typer.run(main)
