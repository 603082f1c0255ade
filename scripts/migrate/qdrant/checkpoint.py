"""How far a migration has come: a collection without vectors beside the target, with a point for each range."""

import uuid
from dataclasses import asdict, dataclass, replace
from typing import Any

from qdrant_client import QdrantClient, models

from scripts.command import UsageError
from scripts.migrate.sources.interface import Cursor

_NAMESPACE = uuid.UUID("6c9b5b7a-3c53-5d35-9a51-6f6a1c2d9e07")
SUFFIX = "__migration"
"""What a checkpoint's collection is called after its target's name."""
_HEAD = str(uuid.uuid5(_NAMESPACE, "migration"))


@dataclass(frozen=True)
class Migration:
    """What all ranges have in common, and what must not change between two runs into one target.

    Attributes:
        complete: whether all points were copied once, not only those of one user.
        previous: collection behind the alias before the switch.
    """

    alias: str
    source: str
    target: str
    template: str
    vector: str
    new_vector: str
    model: str
    revision: str
    in_place: bool
    backup: str = ""
    complete: bool = False
    previous: str = ""


@dataclass(frozen=True)
class Progress:
    """How far one range of the source has come.

    Attributes:
        cursor: where to go on.
        end: id before which the range ends, if it does.
        points: number of points written so far.
        failed: number of points that went to the failures' file.
        done: whether the range is finished.
    """

    name: str
    cursor: Cursor = None
    end: Cursor = None
    points: int = 0
    failed: int = 0
    done: bool = False


class Checkpoint:
    """Reads and writes the checkpoint of a target; every write is complete or not there."""

    def __init__(self, client: QdrantClient, target: str) -> None:
        self._client = client
        self.collection = f"{target}{SUFFIX}"

    def migration(self) -> Migration | None:
        """What was started; None if nothing was."""
        found = self._get(_HEAD)
        return None if found is None else Migration(**found)

    def start(self, migration: Migration) -> None:
        """Remember what is started."""
        if not self._client.collection_exists(self.collection):
            self._client.create_collection(self.collection, vectors_config={})
        self._put(_HEAD, asdict(migration))

    def update(self, **changes: Any) -> Migration:
        """Change what is remembered of the whole."""
        migration = self.migration()
        if migration is None:
            raise UsageError("There is no migration under way: start one first.")
        migration = replace(migration, **changes)
        self._put(_HEAD, asdict(migration))
        return migration

    def progress(self, name: str) -> Progress | None:
        """The progress of a range; None if it was never begun."""
        found = self._get(_point_id(name))
        return None if found is None else Progress(**found)

    def save(self, progress: Progress) -> None:
        """Remember a range's progress."""
        self._put(_point_id(progress.name), asdict(progress))

    def remove(self) -> None:
        """Forget everything."""
        self._client.delete_collection(self.collection)

    def _get(self, point_id: str) -> dict[str, Any] | None:
        if not self._client.collection_exists(self.collection):
            return None
        found = self._client.retrieve(self.collection, [point_id], with_payload=True)
        return dict(found[0].payload or {}) if found else None

    def _put(self, point_id: str, payload: dict[str, Any]) -> None:
        self._client.upsert(self.collection, [models.PointStruct(id=point_id, vector={}, payload=payload)], wait=True)


def _point_id(name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"range {name}"))
