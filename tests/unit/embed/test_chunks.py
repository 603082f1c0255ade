"""Texts in pieces, and what becomes of the pieces' vectors."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bentos.embed.chunks import mean, split


@given(st.integers(1, 200), st.integers(0, 5), st.integers(6, 40))
def test_the_pieces_hold_every_token_once_each_behind_the_prompt(length: int, prompt: int, limit: int) -> None:
    ids = np.arange(prompt + length, dtype=np.int32)
    pieces = split(ids, limit, prompt)
    assert all(len(piece) <= limit for piece in pieces)
    assert all(piece[:prompt].tolist() == ids[:prompt].tolist() for piece in pieces)
    assert np.concatenate([piece[prompt:] for piece in pieces]).tolist() == ids[prompt:].tolist()


def test_a_mean_is_weighted_by_length_and_normalized() -> None:
    vectors = np.eye(3, dtype=np.float32)
    [several, one] = mean(vectors, [2, 1], [3, 4, 9])
    assert several.tolist() == [np.float32(0.6), np.float32(0.8), 0]
    assert one.tolist() == [0, 0, 1]


def test_a_text_in_one_piece_keeps_its_vector_to_the_last_bit() -> None:
    vectors = np.random.default_rng(0).standard_normal((3, 7)).astype(np.float32)
    assert mean(vectors, [1, 1, 1], [5, 6, 7]).tobytes() == vectors.tobytes()


def test_pieces_that_cancel_each_other_out_leave_the_first() -> None:
    vectors = np.array([[1, 0], [-1, 0]], np.float32)
    assert mean(vectors, [2], [4, 4]).tolist() == [[1, 0]]
