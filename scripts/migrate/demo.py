"""A migration from beginning to end, in a folder of its own: `python -m scripts.migrate.demo`."""

import asyncio
import json
import os
import shlex
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import typer
from qdrant_client import QdrantClient, models

from bentos.common.models.store import find
from scripts.command import CommandError, Program
from scripts.free_port import free_port
from scripts.migrate.demo_corpus import OLD_SIZE, articles, old_vector
from scripts.migrate.qdrant.aliases import point_alias
from scripts.migrate.qdrant.connection import Storage
from scripts.models.presets import PRESETS
from scripts.models.store_errors import store_errors
from scripts.serve.managed_process import ManagedProcess
from scripts.serve.services import embed_service, rerank_service

_COLLECTION, _ALIAS, _TEMPLATE = "articles-v1", "articles", "{body}"
_QUERIES = 100
_READY_SECONDS = 180
_GRACE_SECONDS = 10
_STEPS = ("--dry-run", "", "verify", "switch", "rollback", "switch")


def seed(folder: Path, queries: Path) -> int:
    """Articles with old vectors, behind an alias, and each title as a query for its body; how many there are."""
    found = articles()
    client = QdrantClient(path=str(folder))
    client.create_collection(
        _COLLECTION, vectors_config=models.VectorParams(size=OLD_SIZE, distance=models.Distance.COSINE)
    )
    client.upsert(
        _COLLECTION,
        [
            models.PointStruct(id=number, vector=old_vector(article.body).tolist(), payload=article.payload)
            for number, article in enumerate(found)
        ],
    )
    point_alias(Storage(client, folder), _ALIAS, _COLLECTION)
    client.close()
    with queries.open("w") as file:
        for number in sorted(range(len(found)), key=lambda number: zlib.crc32(found[number].title.encode())):
            article = found[number]  # shuffled, the same way each time, as not all are asked
            vector = old_vector(article.title).tolist()
            file.write(json.dumps({"query": article.title, "relevant": [number], "vector": vector}) + "\n")
    return len(found)


async def demo(folder: Path) -> None:
    """Start both services, migrate, verify, switch, roll back, switch again, evaluate, clean up.

    Raises:
        UnreachableError: a service does not start.
        CommandError: a step failed.
    """
    qdrant, queries = folder / "qdrant", folder / "queries.jsonl"
    count = await asyncio.to_thread(seed, qdrant, queries)
    typer.echo(
        f"{count} articles of NumPy's and SciPy's documentation in an embedded Qdrant, {qdrant}; "
        "their old vectors count words"
    )
    with store_errors():
        encoder, reranker = (find(name).profile.model_id for name in PRESETS["small"])
    services = (
        embed_service(encoder, "127.0.0.1", free_port(), _GRACE_SECONDS),
        rerank_service(reranker, "127.0.0.1", free_port(), _GRACE_SECONDS),
    )
    variables = {
        "QDRANT_URL": str(qdrant),
        "EMBED_SERVICE_URL": services[0].url,
        "RERANK_SERVICE_URL": services[1].url,
        "MIGRATE_ALIAS": _ALIAS,
        "MIGRATE_TEMPLATE": _TEMPLATE,
        "MIGRATE_FOLDER": str(folder / "migration"),
    }
    processes = [ManagedProcess(service, lambda _: None) for service in services]
    try:
        for process in processes:
            await process.start()
        for process in processes:
            await process.wait_ready(_READY_SECONDS)
        for step in _STEPS:
            await _run(variables, "scripts.migrate", *step.split())
        evaluation = ("--collection", _ALIAS, "--old", _COLLECTION, "--template", _TEMPLATE, "--queries", str(queries))
        limit = ("--limit", str(_QUERIES), "--html", str(folder / "evaluation.html"))
        await _run(variables, "scripts", "evaluate", *evaluation, *limit)
        await _run(variables, "scripts.migrate", "cleanup", "--yes")
    finally:
        for process in processes:
            await process.stop(_GRACE_SECONDS)


async def _run(variables: dict[str, str], *command: str) -> None:
    typer.echo(f"\n$ python -m {shlex.join(command)}")
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-m", *command], env=os.environ | variables, check=False
    )
    if done.returncode:
        raise CommandError(f"The step ended with exit code {done.returncode}.")


app = Program()


@app.command()
def main() -> None:
    """Migrate a small real collection from beginning to end, in a new folder; the reports stay, to be looked at."""
    folder = Path(tempfile.mkdtemp(prefix="duobento-migration-"))
    asyncio.run(demo(folder))
    typer.echo(f"\nReport: {next((folder / 'migration').glob('*.html'))}")
    typer.echo(f"Evaluation: {folder / 'evaluation.html'}")


if __name__ == "__main__":
    app(prog_name="python -m scripts.migrate.demo")
