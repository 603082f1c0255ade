"""Forms of vectors that are not of unit length."""

import numpy as np
import pytest

from bentos.common.errors import InvalidInput
from bentos.embed.quantization import EmbeddingType
from bentos.embed.request import Embeddings, InputType
from bentos.embed.vectors import JSONFragmentCache, Vectors

ARRAY = np.array([[3.0, -4.0, 12.0, 5.0, 0.0, -1.0, 2.0, 7.0]], np.float32)


@pytest.mark.parametrize("kind", EmbeddingType)
def test_only_forms_without_steps_are_made_of_vectors_of_any_length(kind: EmbeddingType) -> None:
    vectors = Vectors(ARRAY, JSONFragmentCache(0), 0)
    embeddings = Embeddings(vectors, InputType.QUERY, 1, [], [], 0, normalized=False)
    if kind in (EmbeddingType.INT8, EmbeddingType.UINT8):
        with pytest.raises(InvalidInput, match=f"do not have unit length, so they cannot be had as {kind}"):
            embeddings.quantized(kind)
    else:
        assert len(embeddings.quantized(kind)) == 1
