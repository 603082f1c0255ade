"""Vectors in fewer bits: equal to sentence-transformers where it does the same, close to the originals elsewhere."""

import base64
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from bentos.embed.quantization import EmbeddingType, quantize

DIMENSION = 384
STEP = 5 / np.sqrt(DIMENSION) / 127


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    drawn = np.random.default_rng(7).normal(size=(50, DIMENSION))
    unit = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    unit[0, :8] = [0, -0.0, 1e-9, -1e-9, 1, -1, 0.5, -0.5]
    return np.asarray(unit, np.float32)


@pytest.mark.parametrize("embedding_type", list(EmbeddingType))
@pytest.mark.parametrize("rows", [0, 1, 50])
def test_every_type_has_a_row_per_vector(
    vectors: NDArray[np.float32], embedding_type: EmbeddingType, rows: int
) -> None:
    found = quantize(vectors[:rows], embedding_type)
    assert len(found) == rows
    if isinstance(found, np.ndarray):
        assert found.flags.c_contiguous, "orjson writes no other arrays"


@pytest.mark.parametrize("embedding_type", ["binary", "ubinary"])
@pytest.mark.parametrize("dimension", [DIMENSION, 12])
def test_binary_forms_equal_those_of_sentence_transformers(
    vectors: NDArray[np.float32], embedding_type: Literal["binary", "ubinary"], dimension: int
) -> None:
    from sentence_transformers.util.quantization import quantize_embeddings

    found: Any = quantize(vectors[:, :dimension], EmbeddingType(embedding_type))
    expected: Any = quantize_embeddings(vectors[:, :dimension], embedding_type)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def test_int8_is_within_half_a_step_unless_clipped(vectors: NDArray[np.float32]) -> None:
    found: Any = quantize(vectors[1:], EmbeddingType.INT8)
    assert found.dtype == np.int8
    assert np.abs(found * STEP - vectors[1:]).max() <= STEP / 2 * 1.001


def test_int8_clips_symmetrically_and_keeps_zero(vectors: NDArray[np.float32]) -> None:
    found: Any = quantize(vectors[:1], EmbeddingType.INT8)
    assert found[0, :8].tolist() == [0, 0, 0, 0, 127, -127, 127, -127]


def test_a_vector_is_quantized_alike_alone_and_among_others(vectors: NDArray[np.float32]) -> None:
    together: Any = quantize(vectors, EmbeddingType.INT8)
    alone: list[Any] = [quantize(vectors[index : index + 1], EmbeddingType.INT8) for index in range(len(vectors))]
    assert np.array_equal(np.concatenate(alone), together)


def test_dot_products_are_those_of_the_originals_times_a_constant(vectors: NDArray[np.float32]) -> None:
    found = np.asarray(quantize(vectors[1:], EmbeddingType.INT8)).astype(np.int32)
    assert np.abs(found @ found.T * STEP**2 - vectors[1:] @ vectors[1:].T).max() < 0.005


def test_uint8_is_int8_with_the_zero_at_128(vectors: NDArray[np.float32]) -> None:
    signed, unsigned = (
        np.asarray(quantize(vectors, embedding_type)) for embedding_type in (EmbeddingType.INT8, EmbeddingType.UINT8)
    )
    assert unsigned.dtype == np.uint8
    assert np.array_equal(unsigned.astype(int), signed.astype(int) + 128)


def test_base64_is_of_little_endian_float32(vectors: NDArray[np.float32]) -> None:
    decoded = [np.frombuffer(base64.b64decode(text), "<f4") for text in quantize(vectors, EmbeddingType.BASE64)]
    assert np.array_equal(decoded, vectors)
