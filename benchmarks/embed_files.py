"""`python -m scripts embed` end to end against the service's own passages a second, and its memory as the file grows.

    python -m benchmarks.embed_files

The reference is that of `benchmarks.migration`: a plain client that sends the same texts and drops the answers. Both
run in turn, round by round, on the same processors; the service has no cache. A rate is rows by the seconds from the
command's start to its end, reading the file before and writing Parquet after included.
"""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import psutil
import typer

from benchmarks.migration import TEMPLATE, payload, reference
from benchmarks.rounds import median_ratio
from benchmarks.served import served


def embedded(url: str, rows: int, output_format: str) -> tuple[float, float]:
    """Rows a second of the whole command, and its peak memory in MiB."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "people.jsonl"
        source.write_text("".join(json.dumps(payload(number)) + "\n" for number in range(rows)))
        command = ["embed", str(source), f"--embed-url={url}", f"--template={TEMPLATE}", f"--format={output_format}"]
        started = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "scripts", *command], stdout=subprocess.DEVNULL)
        watched, peak = psutil.Process(process.pid), 0
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                break
            time.sleep(0.02)
        seconds = time.perf_counter() - started
        if process.wait():
            raise SystemExit(f"The command ended with exit code {process.returncode}.")
    return rows / seconds, peak / 2**20


def main(
    rows: Annotated[int, typer.Option(help="Rows of the runs that are compared with the service.")] = 20000,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    sizes: Annotated[str, typer.Option(help="Rows of the runs whose memory is compared.")] = "1000,50000",
    output_format: Annotated[str, typer.Option("--format", help="What is written.")] = "parquet",
    model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
) -> None:
    """Print the figures as a Markdown table."""
    alone, ours, memory = [], [], {}
    with served("embed", {"EMBED_MODEL": model, "ACCESS_LOG": "false"}) as service:
        asyncio.run(reference(service.url, min(500, rows)))
        for _ in range(rounds):
            alone.append(asyncio.run(reference(service.url, rows)))
            ours.append(embedded(service.url, rows, output_format)[0])
        for size in map(int, sizes.split(",")) if sizes else ():
            memory[size] = embedded(service.url, size, output_format)[1]
    ratio = median_ratio(ours, alone)
    print("| figure | value |\n|---|---:|")
    print(f"| service alone: passages/s | {median(alone):.0f} |")
    print(f"| embed, {rows} rows to {output_format}: rows/s, the whole command | {median(ours):.0f} |")
    print(f"| ratio, median of {rounds} rounds | {ratio:.2f} |")
    for size, peak in memory.items():
        print(f"| {size} rows: peak memory MiB | {peak:.0f} |")
    if memory:
        print(f"| memory of the largest over the smallest | {max(memory.values()) / min(memory.values()):.2f} |")


if __name__ == "__main__":
    typer.run(main)
