"""Qdrant's REST types as those of qdrant-edge-py, and back."""

from typing import Any
from uuid import UUID

import qdrant_edge as edge
from pydantic import BaseModel
from qdrant_client.http import models as rest

Json = Any
HNSW_DEFAULTS = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000}
_INDEXES = {
    "keyword": edge.KeywordIndexParams,
    "integer": edge.IntegerIndexParams,
    "float": edge.FloatIndexParams,
    "bool": edge.BoolIndexParams,
    "geo": edge.GeoIndexParams,
    "datetime": edge.DatetimeIndexParams,
    "text": edge.TextIndexParams,
    "uuid": edge.UuidIndexParams,
}


def set_fields(model: BaseModel | None) -> dict[str, Any]:
    """Fields that have a value."""
    return {} if model is None else model.model_dump(exclude_none=True)


def dense_params(vectors: Any) -> Any:
    """One vector's or several vectors' parameters; None if there are none."""
    if isinstance(vectors, dict):
        return {name: dense_params(one) for name, one in vectors.items()} or None
    return vectors and edge.EdgeVectorParams(
        vectors.size,
        getattr(edge.Distance, vectors.distance.value),
        on_disk=vectors.on_disk,
        datatype=datatype(vectors.datatype),
        hnsw_config=vectors.hnsw_config and hnsw(HNSW_DEFAULTS | set_fields(vectors.hnsw_config)),
        quantization_config=quantization(vectors.quantization_config),
        multivector_config=vectors.multivector_config and edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim),
    )


def sparse_params(vector: rest.SparseVectorParams) -> Any:
    index = vector.index or rest.SparseIndexParams()
    return edge.EdgeSparseVectorParams(
        on_disk=index.on_disk,
        datatype=datatype(index.datatype),
        modifier=edge.Modifier.Idf if vector.modifier == rest.Modifier.IDF else None,
    )


def datatype(wanted: rest.Datatype | None) -> Any:
    return wanted and getattr(edge.VectorStorageDatatype, wanted.value.capitalize())


def hnsw(settings: dict[str, Any]) -> Any:
    known = ("m", "ef_construct", "full_scan_threshold", "on_disk", "payload_m")
    return edge.HnswIndexConfig(**{name: settings[name] for name in known if settings.get(name) is not None})


def quantization(wanted: Any) -> Any:
    if isinstance(wanted, rest.ScalarQuantization):
        return edge.ScalarQuantizationConfig(
            edge.ScalarType.Int8, quantile=wanted.scalar.quantile, always_ram=wanted.scalar.always_ram
        )
    if isinstance(wanted, rest.ProductQuantization):
        return edge.ProductQuantizationConfig(
            getattr(edge.CompressionRatio, wanted.product.compression.value.upper()), wanted.product.always_ram
        )
    if isinstance(wanted, rest.BinaryQuantization):
        return edge.BinaryQuantizationConfig(always_ram=wanted.binary.always_ram)
    return None


def payload_schema(schema: Json) -> Any:
    """A type by name, or a type with its parameters."""
    if isinstance(schema, str):
        return getattr(edge.PayloadSchemaType, schema.capitalize())
    given = {name: value for name, value in schema.items() if name != "type" and value is not None}
    if "tokenizer" in given:
        given["tokenizer"] = getattr(edge.TokenizerType, given["tokenizer"].capitalize())
    return _INDEXES[schema["type"]](**given)


def vector(given: Json) -> Any:
    return {name: named_vector(one) for name, one in given.items()} if isinstance(given, dict) else given


def named_vector(given: Json) -> Any:
    return edge.SparseVector(given["indices"], given["values"]) if isinstance(given, dict) else given


def condition(given: Json) -> Any:
    """A filter, or one of its conditions; those that no test needs are refused."""
    match given:
        case None:
            return None
        case {"key": key, "match": {"value": value}}:
            return edge.FieldCondition(key, match=edge.MatchValue(value))
        case {"has_id": ids}:
            return edge.HasIdCondition(set(ids))
        case {"has_vector": name}:
            return edge.HasVectorCondition(name)
        case dict() if not given.keys() - {"must", "should", "must_not"}:
            must, should, without = (
                [condition(one) for one in listed(given.get(name))] or None for name in ("must", "should", "must_not")
            )
            return edge.Filter(must, should, without)
    raise ValueError(f"The stand-in has no such filter: {given}.")


def listed(given: Json) -> list[Json]:
    return given if isinstance(given, list) else [] if given is None else [given]


def record(found: Any) -> dict[str, Json]:
    """A point as JSON has it."""
    return {"id": point_id(found.id), "payload": found.payload, "vector": _vector_as_json(found.vector)}


def point_id(found: Any) -> Json:
    return str(found) if isinstance(found, UUID) else found


def _vector_as_json(found: Any) -> Json:
    if isinstance(found, dict):
        return {name: _vector_as_json(one) for name, one in found.items()}
    return {"indices": found.indices, "values": found.values} if isinstance(found, edge.SparseVector) else found
