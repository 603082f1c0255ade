"""Vectors and settings of a collection, and those of the collection that takes its place."""

from dataclasses import dataclass
from typing import Any

from qdrant_client import models

from scripts.command import UsageError


@dataclass(frozen=True)
class Layout:
    """Vectors of a collection, seen from the one that is replaced.

    Attributes:
        vector: its name; empty if the collection's only vector has none.
        new_vector: name of the vector that takes its place.
        size: its dimension.
        datatype: type of its values; None is Qdrant's default, float32.
        others: names of the vectors that are carried.
        cosine: those of them that are compared by cosine, so that Qdrant may give them unit length.
    """

    vector: str
    new_vector: str
    size: int
    distance: models.Distance
    datatype: models.Datatype | None = None
    others: tuple[str, ...] = ()
    cosine: frozenset[str] = frozenset()


def layout_of(info: models.CollectionInfo, wanted: str) -> Layout:
    """The layout of a collection; `wanted` names the vector, empty is the only one.

    Raises:
        UsageError: there is no such vector, there are several, or it cannot be replaced.
    """
    named, sparse = _named(info), info.config.params.sparse_vectors or {}
    if wanted not in named and (wanted or len(named) != 1):
        names = ", ".join(sorted(named)) or "no vectors"
        raise UsageError(f"Name the vector to replace with --vector: the collection has {names}.")
    name = wanted if wanted in named else next(iter(named))
    params = named[name]
    if params.multivector_config is not None:
        raise UsageError(f"Vector {name!r} has several rows per point, which embed-service does not make.")
    if params.distance == models.Distance.MANHATTAN:
        raise UsageError(
            f"Vector {name!r} is compared by Manhattan distance: the service's unit vectors are made for cosine."
        )
    dense = [key for key in named if key != name]
    return Layout(
        name,
        name,
        params.size,
        params.distance,
        params.datatype,
        others=(*dense, *sparse),
        cosine=frozenset(key for key in dense if named[key].distance == models.Distance.COSINE),
    )


def new_collection(source: models.CollectionInfo | None, layout: Layout) -> dict[str, Any]:
    """Arguments of `create_collection`: the source's settings with the new vector, and no links in any index."""
    if source is None:
        params = models.VectorParams(size=layout.size, distance=layout.distance, datatype=layout.datatype)
        return {
            "vectors_config": {layout.new_vector: params} if layout.new_vector else params,
            "hnsw_config": models.HnswConfigDiff(m=0),
        }
    vectors = {_new_name(name, layout): _loading(name, old, layout) for name, old in _named(source).items()}
    hnsw = source.config.hnsw_config.model_dump(exclude_none=True)
    params_of_all, strict = source.config.params, source.config.strict_mode_config
    return {
        "vectors_config": vectors[""] if list(vectors) == [""] else vectors,
        "hnsw_config": models.HnswConfigDiff(**hnsw | {"m": 0}),
        "optimizers_config": models.OptimizersConfigDiff(
            **source.config.optimizer_config.model_dump(exclude_none=True)
        ),
        "strict_mode_config": strict and models.StrictModeConfig(**strict.model_dump(exclude_none=True)),
        "quantization_config": source.config.quantization_config,
        "sparse_vectors_config": params_of_all.sparse_vectors,
        "shard_number": params_of_all.shard_number,
        "replication_factor": params_of_all.replication_factor,
        "write_consistency_factor": params_of_all.write_consistency_factor,
        "on_disk_payload": params_of_all.on_disk_payload,
    }


def own_links(source: models.CollectionInfo | None, layout: Layout) -> dict[str, models.VectorParamsDiff]:
    """Vectors with their own number of links."""
    return {
        _new_name(name, layout): models.VectorParamsDiff(hnsw_config=models.HnswConfigDiff(m=vector.hnsw_config.m))
        for name, vector in (_named(source) if source else {}).items()
        if vector.hnsw_config is not None and vector.hnsw_config.m is not None
    }


def _new_name(name: str, layout: Layout) -> str:
    return layout.new_vector if name == layout.vector else name


def _loading(name: str, vector: models.VectorParams, layout: Layout) -> models.VectorParams:
    hnsw = vector.hnsw_config and vector.hnsw_config.model_copy(update={"m": 0})
    new = {"size": layout.size, "datatype": layout.datatype} if name == layout.vector else {}
    return vector.model_copy(update={"hnsw_config": hnsw} | new)


def _named(info: models.CollectionInfo) -> dict[str, models.VectorParams]:
    vectors = info.config.params.vectors
    return dict(vectors) if isinstance(vectors, dict) else {} if vectors is None else {"": vectors}
