"""Windows cover a long document, overlap, and are full."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bentos.rerank import windows


@given(length=st.integers(0, 3000), limit_per_window=st.integers(1, 510), overlap=st.integers(0, 600))
def test_windows_cover_every_token_in_order_and_fit_the_room(length: int, limit_per_window: int, overlap: int) -> None:
    ids = np.arange(length, dtype=np.int32)
    pieces = windows.split(ids, limit_per_window, overlap)
    assert all(len(piece) <= limit_per_window for piece in pieces)
    assert np.array_equal(np.unique(np.concatenate(pieces)), ids)
    assert [piece[0] for piece in pieces if len(piece)] == sorted(piece[0] for piece in pieces if len(piece))
    if length > limit_per_window:
        assert all(len(piece) == limit_per_window for piece in pieces)
        least = min(overlap, limit_per_window // 2)
        assert all(left[-1] - right[0] + 1 >= least for left, right in itertools.pairwise(pieces))


@given(count=st.integers(1, 12), limit_per_window=st.integers(2, 510), overlap=st.integers(0, 600))
def test_most_tokens_fill_just_so_many_windows(count: int, limit_per_window: int, overlap: int) -> None:
    most = windows.most_tokens(count, limit_per_window, overlap)
    assert len(windows.split(np.arange(most, dtype=np.int32), limit_per_window, overlap)) == count
    assert len(windows.split(np.arange(most + 1, dtype=np.int32), limit_per_window, overlap)) == count + 1


@given(st.lists(st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=6), min_size=1, max_size=10))
def test_a_document_gets_the_score_of_its_best_window(scores: list[list[float]]) -> None:
    flat = np.array([score for document in scores for score in document], np.float32)
    best = windows.best(flat, [len(document) for document in scores])
    assert best.tolist() == [max(document) for document in scores]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=6), min_size=1, max_size=10))
def test_all_windows_of_a_document_must_be_marked(marks: list[list[bool]]) -> None:
    flat = np.array([mark for document in marks for mark in document])
    assert windows.all_of(flat, [len(document) for document in marks]).tolist() == [all(one) for one in marks]
