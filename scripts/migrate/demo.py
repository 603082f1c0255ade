"""A migration from beginning to end, in a folder of its own: `python -m scripts.migrate.demo`."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

from bentos.common.model_store import ModelCorrupt, ModelNotInstalled, find
from scripts.migrate.storage import Storage
from scripts.migrate.switch import point_alias
from scripts.models.presets import PRESETS
from scripts.serve.child import Child
from scripts.serve.errors import ServeError
from scripts.serve.services import embed_service

CONTACTS = 1000
_OLD_SIZE = 1024
_READY_SECONDS = 180
_GRACE_SECONDS = 10
_NAMES = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Barbara Liskov", "Donald Knuth", "Radia Perlman")
_TITLES = ("software engineer", "sales director", "nurse", "pastry chef", "patent lawyer", "airline pilot", "teacher")
_COMPANIES = ("Northwind", "Contoso", "Fabrikam", "Tailspin", "Litware", "Adatum", "Proseware", "Wingtip")
_STEPS = ("--dry-run", "", "verify", "switch", "rollback", "switch", "cleanup --yes")


def old_vector(payload: dict[str, str]) -> NDArray[np.float64]:
    """Words of a contact, each hashed to one of 1,024 numbers: such a model finds the same words, and no others."""
    vector = np.zeros(_OLD_SIZE)
    for word in f"{payload['name']} {payload['title']} {payload['company']}".lower().split():
        vector[zlib.crc32(word.encode()) % _OLD_SIZE] += 1.0
    return vector


def contact(number: int) -> dict[str, str]:
    """A contact of the sample."""
    return {
        "name": _NAMES[number % len(_NAMES)],
        "title": _TITLES[number % len(_TITLES)],
        "company": f"{_COMPANIES[number % len(_COMPANIES)]} {number}",
        "userId": f"user-{number % 10}",
    }


def seed(folder: Path) -> None:
    """Contacts with old vectors, behind the alias `contacts`."""
    client = QdrantClient(path=str(folder))
    client.create_collection(
        "contacts-v1", vectors_config=models.VectorParams(size=_OLD_SIZE, distance=models.Distance.COSINE)
    )
    client.upsert(
        "contacts-v1",
        [
            models.PointStruct(id=number, vector=old_vector(payload).tolist(), payload=payload)
            for number, payload in enumerate(map(contact, range(CONTACTS)))
        ],
    )
    point_alias(Storage(client, folder), "contacts", "contacts-v1")
    client.close()


async def demo(folder: Path) -> None:
    """Start the service, migrate, verify, switch, roll back, switch again, clean up.

    Raises:
        ServeError: the service does not start.
        subprocess.CalledProcessError: a step failed.
    """
    qdrant = folder / "qdrant"
    typer.echo(f"{CONTACTS} contacts in an embedded Qdrant, {qdrant}; their old vectors count words")
    await asyncio.to_thread(seed, qdrant)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    service = embed_service(find(PRESETS["small"][0]).profile.model_id, "127.0.0.1", port, _GRACE_SECONDS)
    child = Child(service, lambda _: None)
    variables = {
        "QDRANT_URL": str(qdrant),
        "EMBED_SERVICE_URL": service.url,
        "MIGRATE_ALIAS": "contacts",
        "MIGRATE_FOLDER": str(folder / "migration"),
    }
    await child.start()
    try:
        await child.wait_ready(_READY_SECONDS)
        for step in map(str.split, _STEPS):
            typer.echo("\n$ " + " ".join(["python -m scripts.migrate", *step]))
            await asyncio.to_thread(
                subprocess.run, [sys.executable, "-m", "scripts.migrate", *step], env=os.environ | variables, check=True
            )
    finally:
        await child.stop(_GRACE_SECONDS)


def main() -> None:
    """Run it; the report stays, to be looked at."""
    folder = Path(tempfile.mkdtemp(prefix="duobento-migration-"))
    try:
        asyncio.run(demo(folder))
    except (ServeError, ModelNotInstalled, ModelCorrupt) as error:
        raise SystemExit(f"Error: {error}") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"Error: the step ended with exit code {error.returncode}.") from None
    typer.echo(f"\nReport: {next((folder / 'migration').glob('*.html'))}")


if __name__ == "__main__":
    main()
