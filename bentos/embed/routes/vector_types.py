"""Vectors of an answer as a request asks for them."""

from typing import Any

from bentos.embed.quantization import EmbeddingType, base64_rows, quantize
from bentos.embed.vectors import Vectors


def as_type(vectors: Vectors, kind: EmbeddingType, *, base64: bool) -> Any:
    """One value of JSON for each vector.

    Args:
        vectors: unit vectors.
        kind: of their numbers.
        base64: whether the numbers' bytes, little-endian, are written as base64.
    """
    if kind is EmbeddingType.FLOAT and not base64:
        return vectors
    made: Any = quantize(vectors.array, kind)
    return base64_rows(made) if base64 and kind is not EmbeddingType.BASE64 else made
