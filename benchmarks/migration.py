"""Migration end to end against the service's own passages a second, and its memory as the collection grows.

    python -m benchmarks.migration

The reference is a plain client that sends the same texts in the same batches with as many requests in flight, and drops
the answers; both run in turn, round by round. The service has no cache. Qdrant is its own engine, qdrant-edge-py,
behind HTTP (`tests/migration/qdrant_server.py`), in a folder of its own, on the same processors. Figures from before 27
November 2026 are of qdrant-client's engine in Python, in memory, and compare with no others.
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import httpx
import psutil
import typer
from qdrant_client import QdrantClient, models

from benchmarks.rounds import median_ratio
from benchmarks.served import served
from scripts.free_port import free_port
from scripts.migrate.copy.template import Template
from scripts.readiness import answers, wait_until

TEMPLATE = "{name} {title} at {company}"
_BATCH = 100
_CONCURRENCY = 8
_OLD_SIZE = 16
_START_SECONDS = 60.0


@contextmanager
def qdrant() -> Iterator[str]:
    """A Qdrant on a free port."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.migration.qdrant_server", str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: answers(f"{url}/collections"), "Qdrant answers", _START_SECONDS)
        yield url
    finally:
        process.kill()
        process.wait()


def payload(number: int) -> dict[str, str]:
    """A contact; no two have the same text."""
    return {
        "name": f"Ada Lovelace {number}",
        "title": "software engineer",
        "company": f"Northwind Traders {number % 97}",
    }


def seed(client: QdrantClient, alias: str, count: int, payload_of: Callable[[int], dict[str, str]] = payload) -> None:
    """A collection behind an alias, of contacts unless there is another payload for each number."""
    old = f"{alias}-old"
    client.create_collection(old, models.VectorParams(size=_OLD_SIZE, distance=models.Distance.COSINE))
    for start in range(0, count, 1000):
        numbers = range(start, min(count, start + 1000))
        client.upsert(old, [models.PointStruct(id=n, vector=[1.0] * _OLD_SIZE, payload=payload_of(n)) for n in numbers])
    create = models.CreateAlias(collection_name=old, alias_name=alias)
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=create)])


async def reference(url: str, count: int) -> float:
    """Passages a second of the service alone."""
    template = Template(TEMPLATE)
    texts = [template.render(payload(number)) for number in range(count)]
    slots = asyncio.Semaphore(_CONCURRENCY)

    async def send(client: httpx.AsyncClient, batch: list[str]) -> None:
        body = {"texts": batch, "input_type": "passage", "priority": "bulk", "encoding_format": "base64"}
        async with slots:
            (await client.post(f"{url}/embed", json=body, timeout=600)).raise_for_status()

    started = time.perf_counter()
    async with httpx.AsyncClient() as client, asyncio.TaskGroup() as group:
        for start in range(0, count, _BATCH):
            group.create_task(send(client, texts[start : start + _BATCH]))
    return count / (time.perf_counter() - started)


def migrated(url: str, qdrant_url: str, alias: str, template: str = TEMPLATE) -> tuple[float, float]:
    """Points a second while points are embedded and written, by the command's own word, and its peak memory in MiB."""
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.migrate", f"--batch-size={_BATCH}", f"--concurrency={_CONCURRENCY}"],
            env=os.environ
            | {
                "QDRANT_URL": qdrant_url,
                "EMBED_SERVICE_URL": url,
                "MIGRATE_ALIAS": alias,
                "MIGRATE_FOLDER": folder,
                "MIGRATE_TEMPLATE": template,
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        peak = 0
        ended = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(0.02):
                try:
                    peak = max(peak, psutil.Process(process.pid).memory_info().rss)
                except psutil.NoSuchProcess:
                    return

        watcher = threading.Thread(target=watch)
        watcher.start()
        said, _ = process.communicate()
        ended.set()
        watcher.join()
    if process.returncode:
        raise SystemExit(f"The migration ended with exit code {process.returncode}.")
    rate = next(float(word.split()[0]) for word in said.split(", ") if "points/s" in word)
    return rate, peak / 2**20


def main(
    points: Annotated[int, typer.Option(help="Points of the runs that are compared with the service.")] = 5000,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    sizes: Annotated[str, typer.Option(help="Points of the runs whose memory is compared.")] = "1000,50000",
    model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
) -> None:
    """Print the figures as a Markdown table."""
    settings = {"EMBED_MODEL": model, "ACCESS_LOG": "false"}
    alone, ours, memory = [], [], {}
    with served("embed", settings) as service, qdrant() as qdrant_url:
        client = QdrantClient(url=qdrant_url, check_compatibility=False, timeout=60)
        asyncio.run(reference(service.url, min(500, points)))
        for number in range(rounds):
            seed(client, f"rate-{number}", points)
            alone.append(asyncio.run(reference(service.url, points)))
            ours.append(migrated(service.url, qdrant_url, f"rate-{number}")[0])
        for size in map(int, sizes.split(",")) if sizes else ():
            seed(client, f"memory-{size}", size)
            memory[size] = migrated(service.url, qdrant_url, f"memory-{size}")
        client.close()
    ratio = median_ratio(ours, alone)
    print("| figure | value |\n|---|---:|")
    print(f"| service alone: passages/s | {median(alone):.0f} |")
    print(f"| migration, {points} points: points/s | {median(ours):.0f} |")
    print(f"| ratio, median of {rounds} rounds | {ratio:.2f} |")
    for size, (rate, peak) in memory.items():
        print(f"| {size} points: peak memory MiB, points/s | {peak:.0f}, {rate:.0f} |")
    if memory:
        peaks = [peak for _, peak in memory.values()]
        print(f"| memory of the largest over the smallest | {max(peaks) / min(peaks):.2f} |")


if __name__ == "__main__":
    typer.run(main)
