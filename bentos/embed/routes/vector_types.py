"""Vectors of an answer as a request asks for them."""

from typing import Any

from bentos.embed.quantization import EmbeddingType, base64_rows
from bentos.embed.request import Embeddings


def as_type(result: Embeddings, kind: EmbeddingType, *, base64: bool) -> Any:
    """One value of JSON for each vector.

    Args:
        result: of a request.
        kind: of their numbers.
        base64: whether the numbers' bytes, little-endian, are written as base64.

    Raises:
        InvalidInput: the vectors cannot be had as this type.
    """
    if kind is EmbeddingType.FLOAT and not base64:
        return result.vectors
    made: Any = result.quantized(kind)
    return base64_rows(made) if base64 and kind is not EmbeddingType.BASE64 else made
