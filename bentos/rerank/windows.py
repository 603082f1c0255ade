"""Long documents as overlapping windows, each scored by itself; the best one speaks for the document."""

from collections.abc import Sequence

import numpy as np

from bentos.common.backends.interface import Outputs, TokenIds


def split(ids: TokenIds, room: int, overlap: int) -> list[TokenIds]:
    """Cut a document's tokens into windows that together cover all of them.

    Args:
        ids: int32 `[tokens]`.
        room: most tokens of a window.
        overlap: least tokens that neighbours share, at most half of `room`. The last window is moved back to be
            full, as a short rest scores worse than the same text with its context.
    """
    if len(ids) <= room:
        return [ids]
    stride = room - min(overlap, room // 2)
    starts = [*range(0, len(ids) - room, stride), len(ids) - room]
    return [ids[start : start + room] for start in starts]


def best(scores: Outputs, windows: Sequence[int]) -> Outputs:
    """Highest score of each document's windows.

    Args:
        scores: float32 `[all windows]`, document after document.
        windows: number of windows of each document, at least 1.

    Returns:
        float32 `[documents]`.
    """
    starts = np.cumsum([0, *windows[:-1]])
    return np.maximum.reduceat(scores, starts)
