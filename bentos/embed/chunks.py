"""A text over the window in pieces: its vector is their mean, weighted by length, as in vLLM's chunked processing."""

from collections.abc import Sequence

import numpy as np

from bentos.common.backends.interface import Outputs, TokenIds


def split(ids: TokenIds, limit: int, prompt: int) -> list[TokenIds]:
    """A text's tokens in pieces, each behind the prompt.

    Args:
        ids: of prompt and text.
        limit: most tokens of a piece, prompt included.
        prompt: how many of the first tokens are the prompt's.
    """
    size = limit - prompt
    rest = (ids[start : start + size] for start in range(limit, len(ids), size))
    return [ids[:limit], *(np.concatenate([ids[:prompt], piece]) for piece in rest)]


def mean(vectors: Outputs, counts: Sequence[int], weights: Sequence[int]) -> Outputs:
    """A unit vector of each text from those of its pieces.

    Args:
        vectors: unit vectors of all pieces, float32 `[pieces, dimension]`, in the order of the texts.
        counts: number of pieces of each text, at least 1.
        weights: of each piece, the number of its tokens.

    Returns:
        float32 `[texts, dimension]`; those of texts in one piece are as they were, to the last bit.
    """
    first = np.cumsum([0, *counts[:-1]])
    summed = np.add.reduceat(vectors * np.asarray(weights, np.float32)[:, np.newaxis], first, axis=0)
    lengths = np.linalg.norm(summed, axis=1, keepdims=True)
    several = np.asarray(counts)[:, np.newaxis] > 1
    # Pieces that cancel each other out to nothing have no mean: the first one stands for the text.
    usable = several & (lengths > 0)
    divided = np.divide(summed, lengths, out=vectors[first].copy(), where=usable)
    return np.ascontiguousarray(divided, np.float32)
