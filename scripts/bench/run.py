"""One run of the performance test from start to end."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from scripts.bench import closed_loop
from scripts.bench.client import Client
from scripts.bench.closed_loop import Plan, Subject
from scripts.bench.dialects import DIALECTS
from scripts.bench.report.content import Report, Server
from scripts.bench.targets import Target
from scripts.bench.texts import Texts


@dataclass(frozen=True)
class Job:
    """What to measure.

    Attributes:
        key: that both services are sent, if any.
        timeout: seconds that a request may take.
    """

    embed_url: str
    rerank_url: str
    key: str | None
    timeout: float
    plan: Plan
    texts: Texts
    targets: Sequence[Target]


async def run(job: Job) -> Report:
    """Do everything that the job asks for, with a progress bar on standard error.

    Raises:
        NotMeasured: if a request of the closed loop is not answered.
    """
    async with AsyncExitStack() as stack:
        embed = await stack.enter_async_context(Client("embed-service", job.embed_url, job.key, job.timeout))
        rerank = await stack.enter_async_context(Client("rerank-service", job.rerank_url, job.key, job.timeout))
        progress = stack.enter_context(_progress())
        own = Subject("this deployment", DIALECTS["native"], embed, rerank)
        bar = progress.add_task("One request at a time", total=job.plan.iterations + job.plan.warm_up)
        [samples] = await closed_loop.measure([own], job.plan, job.texts, lambda: progress.advance(bar))
        return Report(
            servers=[_server(client, await client.describe()) for client in (embed, rerank)],
            plan=job.plan,
            samples=samples,
            rows=closed_loop.judge(samples, job.targets),
        )


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
