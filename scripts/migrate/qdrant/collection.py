"""The collection that points are written to."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from scripts.migrate.qdrant.connection import Storage
from scripts.migrate.qdrant.layout import Layout, new_collection, own_links
from scripts.migrate.qdrant.request_size import REQUEST_BYTES, is_too_large, json_bytes
from scripts.migrate.sources.interface import PointId, Record

TOO_LARGE = "Qdrant, or a proxy in front of it, accepts no request as large as this point"
_DEFAULT_LINKS = 16  # Qdrant's own


class Target:
    """A collection whose points are written as a whole, or, in place, whose vectors are replaced.

    Args:
        model: id of the model that makes its vectors; stored in its metadata.
    """

    def __init__(self, storage: Storage, collection: str, layout: Layout, *, model: str, in_place: bool) -> None:
        self.name = collection
        self._metadata = {"model": model}
        self.layout = layout
        self._storage = storage
        self._client = storage.client
        self._in_place = in_place

    def create(self, source: models.CollectionInfo | None) -> None:
        """Make it as the source is, with the new vector, without an index while it is loaded."""
        self._client.create_collection(self.name, metadata=self._metadata, **new_collection(source, self.layout))

    def index_payload(self, source: models.CollectionInfo | None) -> None:
        """Index the payload fields that the source indexes; those that are indexed stay so."""
        for field, index in (source.payload_schema if source else {}).items():
            self._client.create_payload_index(self.name, field, field_schema=index.params or index.data_type, wait=True)

    def build_index(self, source: models.CollectionInfo | None) -> None:
        """Turn the index on, with as many links per point as the source, and wait for it."""
        if self._in_place:
            self._client.update_collection(self.name, metadata=self._metadata)
        else:
            links = source.config.hnsw_config.m if source else _DEFAULT_LINKS
            self._client.update_collection(
                self.name,
                hnsw_config=models.HnswConfigDiff(m=links),
                vectors_config=own_links(source, self.layout) or None,
            )
        self._storage.wait_until_indexed(self.name)

    def write(self, records: Sequence[Record], vectors: NDArray[np.float32]) -> dict[PointId, str]:
        """Write points, in requests of bounded size; the same ones again change nothing.

        Args:
            vectors: [records, dimension].

        Returns:
            Why points were not written, by id: each alone is a larger request than Qdrant accepts.
        """
        refused: dict[PointId, str] = {}
        for points in self._requests(records, vectors.tolist()):
            refused |= self._send(points)
        return refused

    def delete(self, ids: Sequence[PointId]) -> None:
        """Delete points."""
        self._client.delete(self.name, models.PointIdsList(points=list(ids)), wait=True)

    def _requests(self, records: Sequence[Record], rows: list[list[float]]) -> Iterator[list[Any]]:
        """Points of one request after the other."""
        points: list[Any] = []
        total = 0
        for record, row in zip(records, rows, strict=True):
            carried = ({}, ()) if self._in_place else (record.payload, record.vectors.values())
            size = json_bytes(carried[0], [row, *carried[1]])
            if points and total + size > REQUEST_BYTES:
                yield points
                points, total = [], 0
            points.append(self._point(record, row))
            total += size
        if points:
            yield points

    def _point(self, record: Record, row: list[float]) -> models.PointStruct | models.PointVectors:
        name = self.layout.new_vector
        if self._in_place:
            return models.PointVectors(id=record.id, vector={name: row} if name else row)
        vector: Any = {**record.vectors, name: row} if name or record.vectors else row
        return models.PointStruct(id=record.id, payload=record.payload, vector=vector)

    def _send(self, points: list[Any]) -> dict[PointId, str]:
        """Send a request; halve it for as long as it is too large for the server, or what is in front of it."""
        try:
            if self._in_place:
                self._client.update_vectors(self.name, points, wait=True)
            else:
                self._client.upsert(self.name, points, wait=True)
        except Exception as error:
            if not is_too_large(error):
                raise
            if len(points) == 1:
                point_id = points[0].id
                name = point_id if isinstance(point_id, int) else str(point_id)
                return {name: TOO_LARGE}
            middle = len(points) // 2
            return self._send(points[:middle]) | self._send(points[middle:])
        return {}
