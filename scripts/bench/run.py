"""One run of the performance test from start to end."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from scripts.bench import closed_loop, open_loop, search
from scripts.bench.client import Client
from scripts.bench.closed_loop import QUERY, Contestant, Plan, Samples
from scripts.bench.compare import Compared, Other, compare
from scripts.bench.dialects import DIALECTS, Call
from scripts.bench.open_loop import Load
from scripts.bench.report.content import Report, Server
from scripts.bench.saturation import Saturation, find_max
from scripts.bench.search import SearchPlan, SearchTimes
from scripts.bench.targets import Target
from scripts.bench.texts import Texts

_FIRST_RATE = 4.0
_MIN_REQUESTS = 50  # of a step: fewer have no 95th percentile
_MAX_STEP_SECONDS = 20.0


@dataclass(frozen=True)
class LoadPlan:
    """Open-loop load on one of the two services.

    Attributes:
        rate: requests per second of one long run; None does without it.
        duration: length of that run in seconds.
        find_max: whether to search for the highest rate that the service sustains.
        step_seconds: minimum length of each step of the search.
        slo_ms: latency within which an answer is useful.
        seed: seed of the arrivals.
    """

    service: str
    rate: float | None
    duration: float
    find_max: bool
    step_seconds: float
    slo_ms: float
    seed: int


@dataclass(frozen=True)
class Job:
    """What to measure.

    Attributes:
        key: key that both services are sent, if any.
        timeout: maximum seconds of a request.
    """

    embed_url: str
    rerank_url: str
    key: str | None
    timeout: float
    plan: Plan
    texts: Texts
    targets: Sequence[Target]
    load: LoadPlan
    other: Other | None = None
    search: SearchPlan | None = None


async def run(job: Job) -> Report:
    """Do everything that the job asks for, with a progress bar on standard error.

    Raises:
        UnreachableError: if a request of the closed loop is not answered.
    """
    async with AsyncExitStack() as stack:
        embed = await stack.enter_async_context(Client("embed-service", job.embed_url, job.key, job.timeout))
        rerank = await stack.enter_async_context(Client("rerank-service", job.rerank_url, job.key, job.timeout))
        progress = stack.enter_context(_progress())
        own = Contestant("this deployment", DIALECTS["native"], embed, rerank)
        contestants = [own, *([await _other(job.other, job, stack)] if job.other else [])]
        bar = progress.add_task("One request at a time", total=job.plan.iterations + job.plan.warm_up)
        samples = await closed_loop.measure(contestants, job.plan, job.texts, lambda: progress.advance(bar))
        loaded = {"embed": embed, "rerank": rerank}[job.load.service]
        return Report(
            servers=[
                _server(client, await client.describe()) for contestant in contestants for client in contestant.clients
            ],
            plan=job.plan,
            samples=samples[0],
            rows=closed_loop.judge(samples[0], job.targets),
            compared=_compared(samples),
            load=await _load(job, loaded, progress) if job.load.rate else None,
            saturation=await _saturation(job, loaded, progress) if job.load.find_max else None,
            search=await _search(job.search, job, embed, rerank, progress) if job.search else None,
        )


async def _other(other: Other, job: Job, stack: AsyncExitStack) -> Contestant:
    async def client(url: str | None) -> Client | None:
        name = f"the other server ({other.dialect})"
        return await stack.enter_async_context(Client(name, url, other.key, job.timeout)) if url else None

    embed, rerank = await client(other.embed_url), await client(other.rerank_url)
    return Contestant("the other server", DIALECTS[other.dialect], embed, rerank, other.model)


def _compared(samples: Sequence[Samples]) -> list[Compared]:
    return list(compare(*samples)) if len(samples) > 1 else []


async def _search(plan: SearchPlan, job: Job, embed: Client, rerank: Client, progress: Progress) -> SearchTimes:
    bar = progress.add_task("Whole searches", total=job.plan.iterations + job.plan.warm_up)
    return await search.measure(
        plan,
        embed,
        rerank,
        job.texts,
        iterations=job.plan.iterations,
        warm_up=job.plan.warm_up,
        advance=lambda: progress.advance(bar),
    )


async def _load(job: Job, client: Client, progress: Progress) -> Load:
    assert job.load.rate is not None
    bar = progress.add_task(f"{job.load.rate:g} requests/s", total=job.load.rate * job.load.duration)
    return await _one_load(job, client, job.load.rate, job.load.duration, lambda: progress.advance(bar))


async def _saturation(job: Job, client: Client, progress: Progress) -> Saturation:
    bar = progress.add_task("Search for the highest rate", total=None)

    async def step(rate: float) -> Load:
        progress.update(bar, description=f"Search for the highest rate: {rate:.3g} requests/s")
        duration = max(job.load.step_seconds, min(_MIN_REQUESTS / rate, _MAX_STEP_SECONDS))
        return await _one_load(job, client, rate, duration, lambda: None)

    return await find_max(step, job.load.rate or _FIRST_RATE)


async def _one_load(job: Job, client: Client, rate: float, duration: float, advance: Callable[[], None]) -> Load:
    plan = job.load
    return await open_loop.run(
        client, _calls(job), rate=rate, duration=duration, slo_ms=plan.slo_ms, seed=plan.seed, advance=advance
    )


def _calls(job: Job) -> Callable[[], Call]:
    native = DIALECTS["native"]
    if job.load.service == "embed":
        return lambda: native.embed_call([job.texts.next()])
    return lambda: native.rerank_call(QUERY, job.texts.take(job.plan.documents))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _server(client: Client, info: dict[str, Any]) -> Server:
    backend = info.get("backend") or {}
    return Server(
        name=client.name,
        url=client.url,
        model=str(info.get("model") or info.get("model_id") or ""),
        backend=" ".join(str(backend[part]) for part in ("name", "precision", "device") if part in backend),
        version=str(info.get("version") or ""),
    )
