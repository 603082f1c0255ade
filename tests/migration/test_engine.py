"""What the engine of the source does with its points, the engine of the target does with them, too."""

from typing import Any

import pytest
from qdrant_client import QdrantClient, models

from tests.migration.parts import TWO, Migration, contact, point_alias, points, seed

pytestmark = pytest.mark.tools

QUANTIZATIONS: list[models.QuantizationConfig] = [
    models.ScalarQuantization(scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)),
    models.ProductQuantization(product=models.ProductQuantizationConfig(compression=models.CompressionRatio.X4)),
    models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True)),
]


def test_vectors_are_indexed_at_the_end(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    seed(qdrant, alias, 200)
    migrate("--limit=150", "--batch-size=10")
    assert qdrant.get_collection(migrate.target).indexed_vectors_count == 0
    migrate()
    assert qdrant.get_collection(migrate.target).indexed_vectors_count == 200
    migrate("verify")


@pytest.mark.parametrize("quantization", QUANTIZATIONS, ids=["scalar", "product", "binary"])
def test_quantized_vectors(
    qdrant: QdrantClient, migrate: Migration, alias: str, quantization: models.QuantizationConfig
) -> None:
    seed(qdrant, alias, 50, quantization=quantization)
    migrate()
    migrate("verify")
    info = qdrant.get_collection(migrate.target)
    assert info.config.quantization_config == quantization
    assert info.indexed_vectors_count == 50
    near = qdrant.query_points(migrate.target, query=7, limit=3).points
    assert len(near) == 3


def test_indexed_fields_are_indexed_and_filter(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    old = seed(qdrant, alias, 40)
    title = models.TextIndexParams(type=models.TextIndexType.TEXT, tokenizer=models.TokenizerType.WORD, lowercase=True)
    tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    wanted: dict[str, Any] = {"company": models.PayloadSchemaType.KEYWORD, "title": title, "userId": tenant}
    for field, schema in wanted.items():
        qdrant.create_payload_index(old, field, schema)
    migrate()
    found = qdrant.get_collection(migrate.target).payload_schema
    assert found == qdrant.get_collection(old).payload_schema
    assert {field: index.points for field, index in found.items()} == dict.fromkeys(wanted, 40)
    assert found["userId"].params == tenant
    of_one = models.FieldCondition(key="userId", match=models.MatchValue(value="user-3"))
    assert qdrant.count(migrate.target, models.Filter(must=[of_one])).count == 10


def test_half_precision_stays(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    half = models.VectorParams(size=16, distance=models.Distance.COSINE, datatype=models.Datatype.FLOAT16)
    seed(qdrant, alias, 20, vectors=half)
    migrate()
    migrate("verify")
    vectors = qdrant.get_collection(migrate.target).config.params.vectors
    assert isinstance(vectors, models.VectorParams)
    assert vectors.datatype == models.Datatype.FLOAT16
    assert len(points(qdrant, migrate.target)) == 20


def test_limits_and_the_optimizers_settings_stay(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    """The stand-in keeps both and has no strict mode."""
    old = f"{alias}-old"
    qdrant.create_collection(
        old,
        vectors_config=TWO,
        optimizers_config=models.OptimizersConfigDiff(indexing_threshold=77, max_segment_size=100_000),
        strict_mode_config=models.StrictModeConfig(enabled=True, max_query_limit=50),
    )
    qdrant.upsert(old, [models.PointStruct(id=1, vector=[1.0, 2.0], payload=contact(1))])
    point_alias(qdrant, alias, old)
    migrate()
    configs = [qdrant.get_collection(one).config for one in (old, migrate.target)]
    assert configs[1].optimizer_config == configs[0].optimizer_config
    assert configs[1].optimizer_config.indexing_threshold == 77
    assert configs[1].strict_mode_config == configs[0].strict_mode_config


def test_shards_by_key_are_refused(qdrant: QdrantClient, migrate: Migration, alias: str) -> None:
    qdrant.create_collection(f"{alias}-old", vectors_config=TWO, sharding_method=models.ShardingMethod.CUSTOM)
    point_alias(qdrant, alias, f"{alias}-old")
    assert "has shards by key" in migrate("--dry-run", code=2)
