"""Packed rows: nothing is lost, mixed up or too long, whatever the lengths."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.common.backends.interface import Pooling, TokenRow
from bentos.common.backends.packing import CHUNK_TOKENS, chunks, groups, pack, padded_length

POOL_ROWS = 64
ALIGNMENT = 2

lengths = st.lists(st.integers(1, 600), min_size=1, max_size=100)


def row(length: int, number: int = 0) -> TokenRow:
    ids = np.arange(length, dtype=np.int32) + 1000 * (number + 1)
    return TokenRow(ids, (np.arange(length) > length // 2).astype(np.int32))


def place_of(rows: list[TokenRow]) -> int:
    """Tokens that rows take one after the other."""
    return sum(len(row.ids) + len(row.ids) % ALIGNMENT for row in rows)


@given(lengths=lengths)
def test_chunks_hold_all_rows_in_their_order(lengths: list[int]) -> None:
    rows = [row(length, number) for number, length in enumerate(lengths)]
    assert [id(one) for chunk in chunks(rows) for one in chunk] == [id(one) for one in rows]


@given(lengths=lengths)
def test_a_chunk_is_no_longer_than_the_efficient_size_or_than_the_padding_of_its_first_row(lengths: list[int]) -> None:
    for chunk in chunks([row(length) for length in lengths]):
        longest = max(CHUNK_TOKENS, padded_length(place_of([chunk[0]])))
        assert place_of([*chunk]) <= longest
        assert len(chunk) <= POOL_ROWS


@given(lengths=lengths)
def test_no_two_neighbouring_chunks_would_fit_into_one(lengths: list[int]) -> None:
    parts = [[*chunk] for chunk in chunks([row(length) for length in lengths])]
    for one, next_one in pairwise(parts):
        assert place_of([*one, next_one[0]]) > CHUNK_TOKENS or len(one) == POOL_ROWS


@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    pooling=st.sampled_from(["mean", "first"]),
    uses_types=st.booleans(),
)
def test_each_row_stands_in_its_place_and_its_weights_on_its_own_tokens(
    lengths: list[int], pooling: Pooling, uses_types: bool
) -> None:
    rows = [row(length, number) for number, length in enumerate(lengths)]
    inputs = pack(rows, pooling, uses_types=uses_types)
    tokens = padded_length(place_of(rows))
    keys = tokens + -tokens % 16
    names = {"input_ids", "position_ids", "segments", "key_segments", "pool"}
    assert inputs.keys() == names | ({"token_type_ids"} if uses_types else set())
    for name, array in inputs.items():
        assert array.shape == (POOL_ROWS if name == "pool" else 1, keys if name in ("key_segments", "pool") else tokens)
    assert inputs["key_segments"][0].tolist() == inputs["segments"][0].tolist() + [-2] * (keys - tokens)
    for number, one in enumerate(rows):
        own = np.flatnonzero(inputs["segments"][0] == number)
        assert own[0] % ALIGNMENT == 0
        assert inputs["input_ids"][0, own].tolist() == one.ids.tolist()
        assert inputs["position_ids"][0, own].tolist() == list(range(len(own)))
        if uses_types:
            assert inputs["token_type_ids"][0, own].tolist() == one.type_ids.tolist()
        weights = inputs["pool"][number]
        weighed = own if pooling == "mean" else own[:1]
        assert np.flatnonzero(weights).tolist() == weighed.tolist()
        assert weights.sum() == pytest.approx(1.0)
    assert not inputs["pool"][len(rows) :].any()
    assert (inputs["segments"][0] == -1).sum() == tokens - sum(lengths)


@given(tokens=st.integers(1, 2000))
def test_padding_is_little_and_of_few_sizes(tokens: int) -> None:
    padded = padded_length(tokens)
    assert padded % 2 == 0
    assert 0 <= padded - tokens < (max(2, min(32, tokens / 8)) if tokens <= 512 else tokens / 8)
    assert len({padded_length(length) for length in range(1, 513)}) == 64


@pytest.mark.parametrize(("window", "shapes"), [(512, 64), (8192, 96), (32_768, 112)])
def test_a_long_window_has_few_shapes_more(window: int, shapes: int) -> None:
    assert len({padded_length(tokens) for tokens in range(1, window + 1)}) == shapes
    assert padded_length(window) == window


@given(lengths=st.lists(st.integers(0, 300), min_size=1, max_size=50), most=st.integers(1, 400))
def test_groups_hold_as_many_as_fit_or_one_that_does_not(lengths: list[int], most: int) -> None:
    parts = [lengths[part] for part in groups(lengths, most)]
    assert [length for part in parts for length in part] == lengths
    assert all(part and (sum(part) <= most or len(part) == 1) for part in parts)
    assert all(sum(one) + next_one[0] > most for one, next_one in pairwise(parts))
