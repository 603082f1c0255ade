"""Payloads hold the very bits of a row, and finite numbers only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bentos.common.cache.key import RowCodec

Rows = np.ndarray[tuple[int, int], np.dtype[np.float32]]
shapes = st.tuples(st.integers(1, 5), st.integers(1, 8))
finite_numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


def written(codec: RowCodec, rows: Rows) -> list[bytes]:
    payloads = codec.write(rows)
    assert None not in payloads
    return [payload for payload in payloads if payload is not None]


@given(rows=arrays(np.float32, shapes, elements=finite_numbers))
def test_float32_comes_back_bit_for_bit(rows: Rows) -> None:
    codec = RowCodec(rows.shape[1], "float32")
    payloads = written(codec, rows)
    assert {len(payload) for payload in payloads} == {codec.size}
    assert codec.read(payloads).tobytes() == rows.tobytes()


@given(rows=arrays(np.float32, shapes))
def test_what_is_written_is_finite_and_of_float32_all_that_is(rows: Rows) -> None:
    payloads = RowCodec(rows.shape[1], "float32").write(rows)
    assert [payload is not None for payload in payloads] == np.isfinite(rows).all(axis=1).tolist()


def test_a_number_without_room_in_float16_is_not_written() -> None:
    codec = RowCodec(2, "float16")
    [small, large] = codec.write(np.array([[1.5, -65504], [1.5, 70000]], np.float32))
    assert large is None
    assert small is not None
    assert codec.read([small]).tolist() == [[1.5, -65504]]


@pytest.mark.parametrize("dtype", ["<f4", "<f2"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_payloads_with_a_number_that_is_not_finite_are_told_from_others(dtype: str, number: float) -> None:
    codec = RowCodec(2, "float32" if dtype == "<f4" else "float16")
    payloads = [np.array(row, dtype).tobytes() for row in ([0, 1], [number, 1], [2, 3], [4, number])]
    assert [codec.are_finite([payload]) for payload in payloads] == [True, False, True, False]
    assert not codec.are_finite(payloads)
    assert codec.are_finite([])
