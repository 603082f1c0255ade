"""Payloads hold the very bits of a row, and sealed values only what was sealed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bentos.common.cache.row_format import RowFormat
from bentos.common.cache.sealed import Damaged, seal, unseal

KEY = b"k" * 20


@given(outputs=arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 8))))
def test_float32_comes_back_bit_for_bit(outputs: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    row_format = RowFormat(outputs.shape[1], "float32")
    payloads = row_format.write(outputs)
    assert {len(payload) for payload in payloads} == {row_format.size}
    assert row_format.read(payloads).tobytes() == outputs.tobytes()


@given(payload=st.binary(min_size=4, max_size=40), position=st.integers(0), change=st.integers(1, 255))
def test_a_sealed_value_opens_and_one_with_any_byte_changed_does_not(
    payload: bytes, position: int, change: int
) -> None:
    value = seal(KEY, payload)
    assert unseal(KEY, value, len(payload)) == payload
    damaged = bytearray(value)
    damaged[position % len(value)] ^= change
    with pytest.raises(Damaged):
        unseal(KEY, bytes(damaged), len(payload))


@given(value=st.binary(max_size=40))
def test_a_foreign_value_does_not_open(value: bytes) -> None:
    with pytest.raises(Damaged):
        unseal(KEY, value, 8)


def test_a_value_does_not_open_under_another_key() -> None:
    with pytest.raises(Damaged):
        unseal(b"other", seal(KEY, b"12345678"), 8)
