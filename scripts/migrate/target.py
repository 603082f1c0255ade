"""The collection that is filled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qdrant_client import models

from scripts.migrate.errors import MigrateError
from scripts.migrate.sources.interface import PointId, Record
from scripts.migrate.storage import Storage

_DEFAULT_LINKS = 16  # Qdrant's own


@dataclass(frozen=True)
class Layout:
    """Vectors of a collection, seen from the one that is replaced.

    Attributes:
        vector: its name; empty if the collection's only vector has none.
        size: its dimension.
        others: names of the vectors that are carried.
    """

    vector: str
    size: int
    distance: models.Distance
    others: tuple[str, ...]


def layout_of(info: models.CollectionInfo, wanted: str) -> Layout:
    """The layout of a collection; `wanted` names the vector, empty is the only one.

    Raises:
        MigrateError: there is no such vector, there are several, or it cannot be replaced.
    """
    named, sparse = _named(info), info.config.params.sparse_vectors or {}
    if wanted not in named and (wanted or len(named) != 1):
        names = ", ".join(sorted(named)) or "none"
        raise MigrateError(f"Name the vector to replace with --vector: the collection has {names}.")
    name = wanted if wanted in named else next(iter(named))
    params = named[name]
    if params.multivector_config is not None:
        raise MigrateError(f"Vector {name!r} holds several rows a point, which embed-service does not make.")
    if params.distance == models.Distance.MANHATTAN:
        raise MigrateError(
            f"Vector {name!r} is compared by Manhattan distance: the service's unit vectors are made for cosine."
        )
    return Layout(name, params.size, params.distance, (*(key for key in named if key != name), *sparse))


class Target:
    """A collection whose points are written as a whole, or, in place, whose vectors are replaced.

    Args:
        model: that its vectors are made with; kept in its metadata.
    """

    def __init__(self, storage: Storage, collection: str, layout: Layout, *, model: str, in_place: bool) -> None:
        self.name = collection
        self._metadata = {"model": model}
        self.layout = layout
        self._storage = storage
        self._client = storage.client
        self._in_place = in_place

    def create(self, source: models.CollectionInfo | None) -> None:
        """Make it as the source is, with the new dimension, without an index while it is loaded."""
        if source is None:
            params = models.VectorParams(size=self.layout.size, distance=self.layout.distance)
            vectors: Any = {self.layout.vector: params} if self.layout.vector else params
            settings: dict[str, Any] = {"hnsw_config": models.HnswConfigDiff(m=0)}
        else:
            vectors, settings = _as_source(source, self.layout)
        self._client.create_collection(self.name, vectors_config=vectors, metadata=self._metadata, **settings)

    def index_payload(self, source: models.CollectionInfo | None) -> None:
        """Index the payload fields that the source indexes; those that are indexed stay so."""
        for field, index in (source.payload_schema if source else {}).items():
            self._client.create_payload_index(self.name, field, field_schema=index.params or index.data_type, wait=True)

    def build_index(self, source: models.CollectionInfo | None) -> None:
        """Turn the index on, with the source's links a point, and wait for it."""
        if self._in_place:
            self._client.update_collection(self.name, metadata=self._metadata)
        else:
            links = source.config.hnsw_config.m if source else _DEFAULT_LINKS
            self._client.update_collection(
                self.name,
                hnsw_config=models.HnswConfigDiff(m=links),
                vectors_config=_own_links(source) or None,
            )
        self._storage.wait_until_indexed(self.name)

    def write(self, records: Sequence[Record], vectors: NDArray[np.float32]) -> None:
        """Write points; the same ones again change nothing."""
        name = self.layout.vector
        rows = vectors.tolist()
        if self._in_place:
            new = [
                models.PointVectors(id=record.id, vector={name: row} if name else row)
                for record, row in zip(records, rows, strict=True)
            ]
            self._client.update_vectors(self.name, new, wait=True)
            return
        points = [
            models.PointStruct(
                id=record.id,
                payload=record.payload,
                vector={**record.vectors, name: row} if name or record.vectors else row,
            )
            for record, row in zip(records, rows, strict=True)
        ]
        self._client.upsert(self.name, points, wait=True)

    def delete(self, ids: Sequence[PointId]) -> None:
        """Delete points."""
        self._client.delete(self.name, models.PointIdsList(points=list(ids)), wait=True)


def _as_source(source: models.CollectionInfo, layout: Layout) -> tuple[Any, dict[str, Any]]:
    """Vectors and settings of the source, without links in any index; the replaced vector gets its new dimension."""
    params = source.config.params

    def loading(name: str, vector: models.VectorParams) -> models.VectorParams:
        hnsw = vector.hnsw_config and vector.hnsw_config.model_copy(update={"m": 0})
        size = layout.size if name == layout.vector else vector.size
        return vector.model_copy(update={"size": size, "hnsw_config": hnsw})

    named = _named(source)
    vectors = {name: loading(name, vector) for name, vector in named.items()}
    quantisation = source.config.quantization_config
    return vectors[""] if list(vectors) == [""] else vectors, {
        "hnsw_config": models.HnswConfigDiff(**source.config.hnsw_config.model_dump(exclude_none=True) | {"m": 0}),
        "quantization_config": quantisation,
        "sparse_vectors_config": params.sparse_vectors,
        "shard_number": params.shard_number,
        "replication_factor": params.replication_factor,
        "write_consistency_factor": params.write_consistency_factor,
        "on_disk_payload": params.on_disk_payload,
    }


def _own_links(source: models.CollectionInfo | None) -> dict[str, models.VectorParamsDiff]:
    """Vectors that have a number of links of their own."""
    return {
        name: models.VectorParamsDiff(hnsw_config=models.HnswConfigDiff(m=vector.hnsw_config.m))
        for name, vector in (_named(source) if source else {}).items()
        if vector.hnsw_config is not None and vector.hnsw_config.m is not None
    }


def _named(info: models.CollectionInfo) -> dict[str, models.VectorParams]:
    vectors = info.config.params.vectors
    return dict(vectors) if isinstance(vectors, dict) else {} if vectors is None else {"": vectors}
