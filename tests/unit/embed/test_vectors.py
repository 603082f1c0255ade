"""What is written is what the vectors are, whether it was written before or not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.common.http.responses import ArrayJSON
from bentos.embed.vectors import JSONFragmentCache, Vectors, cut

VECTORS = np.random.default_rng(5).standard_normal((6, 384), np.float32)
VECTORS[5, :4] = [-0.0, 0.0, 1e-40, 1.0]
WRITTEN_BYTES = 7_000
DUMPS = orjson.dumps


def written(memo: JSONFragmentCache, places: Sequence[int], cached: int) -> bytes:
    return bytes(ArrayJSON(Vectors(VECTORS[list(places)], memo, cached)).body)


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=8), max_size=8))
def test_numbers_are_written_as_without_a_memo(requests: list[list[int]]) -> None:
    memo = JSONFragmentCache(2 * WRITTEN_BYTES)
    for places in requests:
        plain = orjson.dumps(VECTORS[places], option=orjson.OPT_SERIALIZE_NUMPY)
        assert [written(memo, places, cached) for cached in (0, 1, len(places))] == [plain] * 3


@pytest.fixture
def written_alone(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Vectors that were written for the memo."""
    vectors = []

    def dumps(vector: Any, *, option: int) -> bytes:
        vectors.append(vector)
        return DUMPS(vector, option=option)

    monkeypatch.setattr("bentos.embed.vectors.orjson.dumps", dumps)
    return vectors


@pytest.mark.parametrize(
    ("most_bytes", "cached", "times"),
    [
        (6 * WRITTEN_BYTES, 2, 2),
        (6 * WRITTEN_BYTES, 0, 0),
        (6 * WRITTEN_BYTES, 1, 0),
        (0, 2, 0),
        (WRITTEN_BYTES // 2, 2, 6),
    ],
    ids=["kept", "fresh ones are not kept", "nor those beside a fresh one", "switched off", "too large"],
)
def test_a_vector_that_comes_again_is_written_once(
    written_alone: list[Any], most_bytes: int, cached: int, times: int
) -> None:
    memo = JSONFragmentCache(most_bytes)
    for _ in range(3):
        Vectors(VECTORS[:2], memo, cached).to_json()
    assert len(written_alone) == times


def test_what_was_not_asked_for_the_longest_is_forgotten(written_alone: list[Any]) -> None:
    memo = JSONFragmentCache(3 * WRITTEN_BYTES)
    for index in (0, 1, 2, 0, 3):
        Vectors(VECTORS[[index]], memo, 1).to_json()
    written_alone.clear()
    for index in (0, 3, 1):
        Vectors(VECTORS[[index]], memo, 1).to_json()
    assert [vector.tobytes() for vector in written_alone] == [VECTORS[1].tobytes()]


@pytest.mark.parametrize("cached", [0, 3])
def test_one_vector_is_written_as_among_the_others(cached: int) -> None:
    vectors = Vectors(VECTORS[:3], JSONFragmentCache(3 * WRITTEN_BYTES), cached)
    assert len(vectors) == 3
    assert orjson.loads(ArrayJSON([*vectors]).body) == orjson.loads(ArrayJSON(vectors).body)
    assert orjson.loads(ArrayJSON(vectors[1]).body) == orjson.loads(ArrayJSON(VECTORS[1]).body)


@pytest.mark.parametrize("normalized", [True, False])
def test_cut_vectors_get_unit_length_again_where_they_had_it(normalized: bool) -> None:
    short = cut(VECTORS[:5], 7, normalized=normalized)
    assert short.shape == (5, 7)
    assert short.dtype == np.float32
    assert short.flags.c_contiguous
    expected = VECTORS[:5, :7]
    if normalized:
        expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(short, expected, rtol=1e-6)


def test_whole_vectors_are_left_as_they_are() -> None:
    assert cut(VECTORS, 384, normalized=True) is VECTORS
    assert not cut(np.zeros((1, 4), np.float32), 2, normalized=True).any()
