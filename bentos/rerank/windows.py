"""Long documents as overlapping windows, each scored by itself; the best one speaks for the document."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bentos.common.backends.interface import Outputs, TokenIds


def split(ids: TokenIds, limit_per_window: int, overlap: int) -> list[TokenIds]:
    """Cut a document's tokens into windows that together cover all of them.

    Args:
        ids: int32 `[tokens]`.
        limit_per_window: most tokens of a window.
        overlap: least tokens that neighbours share, at most half of a window. The last window is moved back to be full,
            as a short rest scores worse than the same text with its context.
    """
    if len(ids) <= limit_per_window:
        return [ids]
    starts = [*range(0, len(ids) - limit_per_window, _stride(limit_per_window, overlap)), len(ids) - limit_per_window]
    return [ids[start : start + limit_per_window] for start in starts]


def most_tokens(windows: int, limit_per_window: int, overlap: int) -> int:
    """Tokens of the longest document that `split` cuts into no more than so many windows."""
    return limit_per_window + (windows - 1) * _stride(limit_per_window, overlap)


def best(scores: Outputs, windows: Sequence[int]) -> Outputs:
    """Highest score of each document's windows.

    Args:
        scores: float32 `[all windows]`, document after document.
        windows: number of windows of each document, at least 1.

    Returns:
        float32 `[documents]`.
    """
    return np.maximum.reduceat(scores, _starts(windows))


def all_of(marks: NDArray[np.bool_], windows: Sequence[int]) -> NDArray[np.bool_]:
    """Whether all windows of each document are marked.

    Args:
        marks: bool `[all windows]`, document after document.
        windows: number of windows of each document, at least 1.

    Returns:
        bool `[documents]`.
    """
    return np.logical_and.reduceat(marks, _starts(windows))


def _starts(windows: Sequence[int]) -> NDArray[np.intp]:
    return np.cumsum([0, *windows[:-1]])


def _stride(limit_per_window: int, overlap: int) -> int:
    return limit_per_window - min(overlap, limit_per_window // 2)
