"""A collection of the REST stand-in: one shard of Qdrant's own engine, by the package qdrant-edge-py."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from qdrant_client.http import models as rest

from tests.migration import edge_types as to_edge

Json = Any
NO_VECTORS = "_"
"""Sparse vector of a shard whose collection has none, since a shard needs one; no answer shows it."""
PAGE = 10


class NotThere(ValueError):
    """The server would answer 404."""


class Collection:
    """A shard in a folder, and what a server keeps beside it: settings, metadata, indexes of the payload.

    Args:
        folder: made for the shard, removed by `close`.
    """

    def __init__(self, wanted: rest.CreateCollection, folder: Path) -> None:
        self._folder = folder
        self._indexes: dict[str, Json] = {}
        vectors = wanted.vectors or {}
        hnsw = to_edge.HNSW_DEFAULTS | to_edge.set_fields(wanted.hnsw_config)
        self.config = rest.CollectionConfig(
            params=rest.CollectionParams(
                vectors=vectors,
                sparse_vectors=wanted.sparse_vectors,
                shard_number=wanted.shard_number or 1,
                sharding_method=wanted.sharding_method,
                on_disk_payload=wanted.on_disk_payload,
            ),
            hnsw_config=rest.HnswConfig(**hnsw),
            optimizer_config=rest.OptimizersConfig(
                **{"default_segment_number": 0, "flush_interval_sec": 5} | to_edge.set_fields(wanted.optimizers_config)
            ),
            strict_mode_config=rest.StrictModeConfigOutput(**to_edge.set_fields(wanted.strict_mode_config)),
            quantization_config=wanted.quantization_config,
            metadata=wanted.metadata,
        )
        folder.mkdir(parents=True)
        self._shard = edge.EdgeShard.create(str(folder), self._edge_config())

    def info(self) -> rest.CollectionInfo:
        """As the server answers; counts and types of indexes are the engine's."""
        found = self._shard.info()
        return rest.CollectionInfo(
            status=rest.CollectionStatus.GREEN,
            optimizer_status=rest.OptimizersStatusOneOf.OK,
            segments_count=found.segments_count,
            points_count=found.points_count,
            indexed_vectors_count=found.indexed_vectors_count,
            config=self.config,
            payload_schema={
                field: rest.PayloadIndexInfo(
                    data_type=str(index.data_type).rpartition(".")[2].lower(),
                    params=self._indexes[field] if isinstance(self._indexes[field], dict) else None,
                    points=index.points,
                )
                for field, index in found.payload_schema.items()
            },
        )

    def update(self, body: Json) -> None:
        """Change settings and metadata, and let the optimiser do what they ask for before this returns."""
        self.config.metadata = (self.config.metadata or {}) | (body.get("metadata") or {}) or None
        hnsw = self.config.hnsw_config.model_dump() | (body.get("hnsw_config") or {})
        self.config.hnsw_config = rest.HnswConfig(**hnsw)
        vectors = self.config.params.vectors
        named = vectors if isinstance(vectors, dict) else {"": vectors}
        for name, change in (body.get("vectors") or {}).items():
            vector = named[name]
            assert vector is not None
            vector.hnsw_config = rest.HnswConfigDiff(**to_edge.set_fields(vector.hnsw_config) | change["hnsw_config"])
        self._shard.flush()
        self._shard.close()
        self._shard = edge.EdgeShard.load(str(self._folder), self._edge_config())
        self._shard.optimize()

    def index_payload(self, field_name: str, field_schema: Json) -> None:
        """Index a field."""
        self._shard.update(edge.UpdateOperation.create_field_index(field_name, to_edge.payload_schema(field_schema)))
        self._indexes[field_name] = field_schema

    def upsert(self, points: Iterable[Json]) -> None:
        """Write points as the request has them."""
        new = [edge.Point(one["id"], to_edge.vector(one["vector"]), one.get("payload")) for one in points]
        self._shard.update(edge.UpdateOperation.upsert_points(new))

    def update_vectors(self, points: Iterable[Json]) -> None:
        """Replace vectors of points that are there."""
        new = [edge.PointVectors(one["id"], to_edge.vector(one["vector"])) for one in points]
        self._shard.update(edge.UpdateOperation.update_vectors(new))

    def set_payload(self, points: list[Json], payload: Json, **_: Json) -> None:
        """Set fields of points."""
        self._shard.update(edge.UpdateOperation.set_payload(points, payload))

    def delete(self, selector: Json) -> None:
        """Delete points by id or filter."""
        if "points" in selector:
            self._shard.update(edge.UpdateOperation.delete_points(selector["points"]))
        else:
            self._shard.update(edge.UpdateOperation.delete_points_by_filter(to_edge.condition(selector["filter"])))

    def retrieve(self, body: Json) -> list[Json]:
        """Points by id."""
        found = self._shard.retrieve(body["ids"], body.get("with_payload", True), body.get("with_vector", False))
        return [to_edge.record(one) for one in found]

    def scroll(self, body: Json) -> Json:
        """A page, ordered by id."""
        wanted = edge.ScrollRequest(
            offset=body.get("offset"),
            limit=body.get("limit") or PAGE,
            filter=to_edge.condition(body.get("filter")),
            with_payload=body.get("with_payload", True),
            with_vector=body.get("with_vector", False),
        )
        points, following = self._shard.scroll(wanted)
        return {"points": [to_edge.record(one) for one in points], "next_page_offset": to_edge.point_id(following)}

    def count(self, body: Json) -> int:
        """Points that a filter leaves."""
        return int(self._shard.count(edge.CountRequest(exact=True, filter=to_edge.condition(body.get("filter")))))

    def query(self, body: Json) -> list[Json]:
        """Nearest points of a vector, or of a point, which is not among them."""
        wanted, using, without = body["query"], body.get("using"), None
        if isinstance(wanted, dict) and "nearest" in wanted:
            wanted = wanted["nearest"]
        if isinstance(wanted, int | str):
            without = edge.Filter(must_not=[edge.HasIdCondition({wanted})])
            wanted = self._vector_of(wanted, using or "")
        found = self._shard.query(
            edge.QueryRequest(
                limit=body.get("limit") or PAGE,
                query=edge.Query.Nearest(to_edge.named_vector(wanted), using=using),
                filter=without,
                with_payload=body.get("with_payload") or False,
            )
        )
        return [to_edge.record(one) | {"score": one.score, "version": one.version} for one in found]

    def close(self) -> None:
        """Delete it."""
        self._shard.close()
        shutil.rmtree(self._folder)

    def _vector_of(self, point_id: Json, name: str) -> Json:
        found = self.retrieve({"ids": [point_id], "with_vector": True})
        vector = found[0]["vector"] if found else None
        vector = vector.get(name) if isinstance(vector, dict) else vector
        if vector is None:
            raise NotThere(f"Not found: Vector with name {name!r} for point {point_id} does not exist!")
        return vector

    def _edge_config(self) -> Any:
        params = self.config.params
        sparse = {name: to_edge.sparse_params(one) for name, one in (params.sparse_vectors or {}).items()}
        return edge.EdgeConfig(
            vectors=to_edge.dense_params(params.vectors),
            sparse_vectors=sparse or (None if params.vectors else {NO_VECTORS: edge.EdgeSparseVectorParams()}),
            hnsw_config=to_edge.hnsw(self.config.hnsw_config.model_dump()),
            quantization_config=to_edge.quantization(self.config.quantization_config),
            optimizers=edge.EdgeOptimizersConfig(indexing_threshold=1),  # kB: small collections get an index, too
        )
