"""What is written is what the vectors are, whether it was written before or not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.common.backends.interface import Outputs
from bentos.embed.encoder import Embeddings, InputType
from bentos.embed.json_fragments import JSONFragmentCache

VECTORS = np.random.default_rng(5).standard_normal((6, 384), np.float32)
VECTORS[5, :4] = [-0.0, 0.0, 1e-40, 1.0]
WRITTEN_BYTES = 7_000
DUMPS = orjson.dumps


def embeddings(vectors: Outputs, cached: int) -> Embeddings:
    return Embeddings(vectors, InputType.QUERY, tokens=1, truncated=[], cached=cached)


def written(memo: JSONFragmentCache, places: Sequence[int], cached: int) -> bytes:
    rows = memo.rows(embeddings(VECTORS[list(places)], cached))
    return orjson.dumps(rows, option=orjson.OPT_SERIALIZE_NUMPY)


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

    monkeypatch.setattr("bentos.embed.json_fragments.orjson.dumps", dumps)
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
        memo.rows(embeddings(VECTORS[:2], cached))
    assert len(written_alone) == times


def test_what_was_not_asked_for_the_longest_is_forgotten(written_alone: list[Any]) -> None:
    memo = JSONFragmentCache(3 * WRITTEN_BYTES)
    for place in (0, 1, 2, 0, 3):
        memo.rows(embeddings(VECTORS[[place]], 1))
    written_alone.clear()
    for place in (0, 3, 1):
        memo.rows(embeddings(VECTORS[[place]], 1))
    assert [vector.tobytes() for vector in written_alone] == [VECTORS[1].tobytes()]
