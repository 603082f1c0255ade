"""Divides a collection's ids into ranges with a few look-ups, however many points there are."""

import uuid

from qdrant_client import QdrantClient

from scripts.migrate.sources.interface import PointId

_LARGEST = 2**64 - 1


def starts(client: QdrantClient, collection: str, shards: int) -> list[PointId | None]:
    """First ids of up to `shards` ranges, in Qdrant's order; the first is None, the beginning.

    Numbers are divided evenly between the smallest and the largest, UUIDs by their leading digits. Ranges of a
    collection whose ids are uneven hold unequally many points, so have many more ranges than workers.
    """
    bounds: list[PointId] = []
    smallest = _first_from(client, collection, 0)
    if isinstance(smallest, int):
        largest = _largest_number(client, collection, smallest)
        step = -(-(largest - smallest + 1) // shards)
        bounds += range(smallest + step, largest + 1, step)
    if _first_from(client, collection, str(uuid.UUID(int=0))) is not None:
        bounds += [str(uuid.UUID(int=(2**128 // shards) * part)) for part in range(1 if not bounds else 0, shards)]
    return [None, *bounds]


def _largest_number(client: QdrantClient, collection: str, known: int) -> int:
    low, high = known, _LARGEST
    while low < high:
        middle = low + (high - low + 1) // 2
        found = _first_from(client, collection, middle)
        if isinstance(found, int):
            low = found
        else:
            high = middle - 1
    return low


def _first_from(client: QdrantClient, collection: str, point_id: PointId) -> PointId | None:
    found, _ = client.scroll(collection, limit=1, offset=point_id, with_payload=False, with_vectors=False)
    if not found:
        return None
    first = found[0].id
    return first if isinstance(first, int) else str(first)
