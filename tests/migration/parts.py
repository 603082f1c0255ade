"""Collections to migrate, the command, and what its result must be."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from typer.testing import CliRunner

from scripts.migrate.cli import app
from tests.http.server import ROOT

OLD_SIZE = 16
TWO = models.VectorParams(size=2, distance=models.Distance.COSINE)
_OWN = ("MIGRATE_", "QDRANT_", "EMBED_SERVICE_", "SERVICE_API_KEY")
_FIRST = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia", "Leslie", "Frances", "Ken")
_LAST = ("Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Perlman", "Lamport", "Allen", "Thompson")
_TITLE = ("Engineer", "Director", "Designer", "Analyst", "Nurse", "Chef", "Teacher", "Pilot", "Editor", "Lawyer")
_COMPANY = ("Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Wonka", "Cyberdyne", "Tyrell")


def contact(number: int) -> dict[str, Any]:
    """Payload of a contact; 10,000 different texts."""
    pick = [number // 10**place % 10 for place in range(4)]
    return {
        "name": f"{_FIRST[pick[0]]} {_LAST[pick[1]]}",
        "title": _TITLE[pick[2]],
        "company": _COMPANY[pick[3]],
        "userId": f"user-{number % 4}",
        "tags": ["a", {"deep": number}],
    }


def seed(client: QdrantClient, alias: str, count: int, *, vectors: Any = None, quantization: Any = None) -> str:
    """A collection of contacts with random old vectors, behind an alias; its name."""
    old = f"{alias}-old"
    client.create_collection(
        old,
        vectors_config=vectors or models.VectorParams(size=OLD_SIZE, distance=models.Distance.COSINE),
        quantization_config=quantization,
    )
    random = np.random.default_rng(0)
    for start in range(0, count, 1000):
        rows = random.normal(size=(min(1000, count - start), OLD_SIZE)).tolist()
        client.upsert(
            old,
            [models.PointStruct(id=start + i, vector=row, payload=contact(start + i)) for i, row in enumerate(rows)],
        )
    point_alias(client, alias, old)
    return old


def seed_named(client: QdrantClient, alias: str, vectors: list[dict[str, Any]], **params: models.VectorParams) -> str:
    """A collection of named vectors behind an alias, a contact for each of `vectors`; its name."""
    old = f"{alias}-old"
    client.create_collection(old, vectors_config=params)
    client.upsert(
        old, [models.PointStruct(id=number, vector=one, payload=contact(number)) for number, one in enumerate(vectors)]
    )
    point_alias(client, alias, old)
    return old


def vector_params(client: QdrantClient, collection: str, name: str = "") -> models.VectorParams:
    """Parameters of a vector of a collection; an empty name means the only vector."""
    found = client.get_collection(collection).config.params.vectors
    vector = found[name] if isinstance(found, dict) else found
    assert isinstance(vector, models.VectorParams)
    return vector


def point_alias(client: QdrantClient, alias: str, collection: str) -> None:
    create = models.CreateAlias(collection_name=collection, alias_name=alias)
    client.update_collection_aliases([models.CreateAliasOperation(create_alias=create)])


def points(client: QdrantClient, collection: str) -> dict[int | str, models.Record]:
    """Everything in a collection."""
    found: dict[int | str, models.Record] = {}
    offset: Any = None
    while True:
        page, offset = client.scroll(collection, limit=1000, offset=offset, with_payload=True, with_vectors=True)
        found |= {point.id if isinstance(point.id, int) else str(point.id): point for point in page}
        if offset is None:
            return found


def dense(point: models.Record) -> NDArray[np.float32]:
    """The only vector of a point."""
    return np.asarray(point.vector, np.float32)


def assert_same_points(one: Mapping[Any, models.Record], other: Mapping[Any, models.Record]) -> None:
    """Same ids and payloads, and vectors that are equal but for what batch-mates change."""
    assert one.keys() == other.keys()
    for point_id, point in one.items():
        assert point.payload == other[point_id].payload
    if one:
        left, right = (np.stack([dense(side[key]) for key in one]) for side in (one, other))
        assert np.abs(left - right).max() < 1e-3


class Migration:
    """The command with its connections."""

    def __init__(self, qdrant: str | Path, service: str, alias: str, folder: Path) -> None:
        self.variables = {
            "QDRANT_URL": str(qdrant),
            "EMBED_SERVICE_URL": service,
            "MIGRATE_ALIAS": alias,
            "MIGRATE_FOLDER": str(folder),
        }
        self.target = f"{alias}-all-MiniLM-L6-v2"
        self.failures = folder / f"{self.target}.failures.jsonl"
        self.folder = folder

    def __call__(self, *arguments: object, code: int = 0) -> str:
        """Run it to its end in this process; what it said. Fails when the exit code is another than `code`."""
        foreign = dict.fromkeys(name for name in os.environ if name.startswith(_OWN))
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], env=foreign | self.variables)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.output

    def start(self, *arguments: object) -> subprocess.Popen[bytes]:
        """Start it; the caller waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "scripts.migrate", *map(str, arguments)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith(_OWN)} | self.variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
