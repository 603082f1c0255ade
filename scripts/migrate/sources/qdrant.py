"""Points of a collection."""

import re
from collections.abc import Sequence

from qdrant_client import QdrantClient, models

from scripts.migrate.qdrant.id_ranges import starts
from scripts.migrate.sources.interface import Cursor, Page, PointId, Record


class QdrantSource:
    """A collection, or the points of one user in it.

    Args:
        vectors: names of the vectors to read besides the payload.
        only: field and value that a point's payload must have.
        end: id before which the range ends; None is the collection's end.
    """

    def __init__(
        self,
        client: QdrantClient,
        collection: str,
        *,
        vectors: Sequence[str] = (),
        only: tuple[str, str] | None = None,
        end: PointId | None = None,
    ) -> None:
        self.name = collection
        self._client = client
        self._vectors: bool | list[str] = list(vectors) or False
        self.end = end
        self._conditions: list[models.Condition] = [_equals(*only)] if only else []
        self._filter = models.Filter(must=self._conditions) if only else None

    def count(self) -> int:
        """Points, counted exactly."""
        return self._client.count(self.name, count_filter=self._filter, exact=True).count

    def count_without(self, vector: str) -> int:
        """Points that do not have this vector; an empty name means the only vector.

        Raises:
            UnexpectedResponse: the server is older than 1.13.
        """
        lacking = models.HasVectorCondition(has_vector=vector)
        wanted = models.Filter(must=self._conditions, must_not=[lacking])
        return self._client.count(self.name, count_filter=wanted, exact=True).count

    def page(self, cursor: Cursor, size: int) -> Page:
        """One scroll; Qdrant orders it by id, numbers before UUIDs."""
        found, following = self._client.scroll(
            self.name,
            scroll_filter=self._filter,
            limit=size,
            offset=cursor,
            with_payload=True,
            with_vectors=self._vectors,
        )
        records = [_record(point) for point in found]
        if self.end is not None:
            inside = [record for record in records if order(record.id) < order(self.end)]
            if len(inside) < len(records):
                return Page(inside, None)
            if following is not None and order(_id(following)) >= order(self.end):
                following = None
        return Page(records, None if following is None else _id(following))

    def by_ids(self, ids: Sequence[PointId]) -> list[Record]:
        """Points by id, whether or not they are of the user."""
        found = self._client.retrieve(self.name, list(ids), with_payload=True, with_vectors=self._vectors)
        return [_record(point) for point in found]

    def sample(self, size: int) -> list[Record]:
        """Short pages from positions spread over the ids."""
        positions = starts(self._client, self.name, min(16, size))
        pages = [self.page(position, -(-size // len(positions))).records for position in positions]
        return list({record.id: record for page in pages for record in page}.values())


def _equals(field: str, value: str) -> models.Condition:
    """Payloads whose field is this text or, if it is a whole number, that number."""
    values: list[str | int] = [value, int(value)] if re.fullmatch(r"-?\d{1,18}", value) else [value]
    return models.Filter(
        should=[models.FieldCondition(key=field, match=models.MatchValue(value=one)) for one in values]
    )


def order(point_id: PointId) -> tuple[bool, int | str]:
    """Sorts ids as Qdrant does."""
    return isinstance(point_id, str), point_id


def _id(value: object) -> PointId:
    return value if isinstance(value, int) else str(value)


def _record(point: models.Record) -> Record:
    vectors = point.vector if isinstance(point.vector, dict) else {}
    return Record(_id(point.id), dict(point.payload or {}), dict(vectors))
