"""`python -m scripts evaluate` from its start to its end: how long it takes to know whether search got better.

    python -m benchmarks.evaluation

Points have a body of so many words, and a title of some of them, which is the query. They are migrated first, which is
not measured. Both services have no cache, and Qdrant is what `benchmarks.migration` has: its own engine, behind HTTP,
on the same processors.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer
from qdrant_client import QdrantClient

from benchmarks.migration import migrated, qdrant, seed
from benchmarks.served import served
from scripts.bench.texts import WORDS
from scripts.migrate.qdrant.checkpoint import SUFFIX

_TITLE_WORDS = 6
_ALIAS = "articles"


def article(number: int, words: int) -> dict[str, str]:
    """Payload of a point; its title is made of words of its body."""
    source = random.Random(number)
    body = source.choices(WORDS, k=words)
    return {"title": " ".join(source.sample(body, min(words, _TITLE_WORDS))), "body": f"{' '.join(body)} {number}"}


def evaluated(qdrant_url: str, embed_url: str, rerank_url: str, queries: int, top: int) -> tuple[float, dict[str, Any]]:
    """Seconds of the whole command, and what it wrote."""
    client = QdrantClient(url=qdrant_url, check_compatibility=False)
    names = {one.name for one in client.get_collections().collections if not one.name.endswith(SUFFIX)}
    client.close()
    (collection,) = names - {f"{_ALIAS}-old"}
    with TemporaryDirectory() as folder:
        file, page = Path(folder) / "figures.json", Path(folder) / "page.html"
        where = [f"--qdrant-url={qdrant_url}", f"--embed-url={embed_url}", f"--rerank-url={rerank_url}"]
        what = [f"--collection={collection}", "--template={body}", "--query-template={title}"]
        how = [f"--limit={queries}", f"--top={top}", f"--json={file}", f"--html={page}"]
        command = [sys.executable, "-m", "scripts", "evaluate", *where, *what, *how]
        started = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - started, json.loads(file.read_text())


def main(
    points: Annotated[int, typer.Option(help="Points of the collection.")] = 50_000,
    queries: Annotated[int, typer.Option(help="Queries that are asked.")] = 1000,
    top: Annotated[int, typer.Option(help="Results of a search, all of which are reranked.")] = 20,
    words: Annotated[int, typer.Option(min=1, help="Words of a point's text.")] = 40,
    model: Annotated[str, typer.Option(help="An installed encoder.")] = "sentence-transformers/all-MiniLM-L6-v2",
    reranker: Annotated[str, typer.Option(help="An installed reranker.")] = "duobento/small-reranker-demo",
) -> None:
    """Print the figures as a Markdown table."""
    quiet = {"ACCESS_LOG": "false"}
    with (
        served("embed", {"EMBED_MODEL": model, **quiet}) as embed,
        served("rerank", {"RERANK_MODEL": reranker, **quiet}) as rerank,
        qdrant() as qdrant_url,
    ):
        client = QdrantClient(url=qdrant_url, check_compatibility=False, timeout=60)
        seed(client, _ALIAS, points, lambda number: article(number, words))
        client.close()
        migrated(embed.url, qdrant_url, _ALIAS, "{body}")
        seconds, found = evaluated(qdrant_url, embed.url, rerank.url, queries, top)
    print("| figure | value | goal |\n|---|---:|---:|")
    asked = len(found["queries"])
    print(f"| {asked} queries over {points} points, the first {top} reranked: minutes | {seconds / 60:.1f} | 10 |")
    for stage, times in found["milliseconds"]["new, reranked"].items():
        print(f"| {stage}: p50, p95 ms | {np.percentile(times, 50):.1f}, {np.percentile(times, 95):.1f} | |")


if __name__ == "__main__":
    typer.run(main)
