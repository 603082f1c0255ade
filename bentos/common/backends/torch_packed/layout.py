"""What a packed micro-batch looks like in memory."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bentos.common.backends.interface import TokenRow


class PackedBatch(NamedTuple):
    """A micro-batch without padding: T tokens of n rows, one after the other.

    Attributes:
        ids: token ids, int64 `[1, T]`.
        positions: of each token in its row, as the model counts them, int64 `[1, T]`.
        type_ids: segment of each token, int64 `[1, T]`.
        bounds: where each row starts, and where the last ends, int32 `[n + 1]`.
        longest: at least the tokens of the longest row.
    """

    ids: Tensor
    positions: Tensor
    type_ids: Tensor
    bounds: Tensor
    longest: int

    @property
    def first_tokens(self) -> Tensor:
        """Where each row starts, int64 `[n]`; some token where a row is empty."""
        return self.bounds[:-1].long().clamp(max=self.ids.shape[1] - 1)

    @property
    def last_tokens(self) -> Tensor:
        """Where each row's last token is, int64 `[n]`."""
        return self.bounds[1:].long() - 1

    @classmethod
    def of(cls, numbers: Tensor, tokens: int, longest: int) -> "PackedBatch":
        """The parts of what `lay_out` wrote, wherever it was copied to.

        Args:
            numbers: int64 `[3 * tokens + rows + 1]`.
            tokens: T.
            longest: at least the tokens of the longest row.
        """
        ids, positions, type_ids, bounds = torch.tensor_split(numbers, (tokens, 2 * tokens, 3 * tokens))
        return cls(ids[None], positions[None], type_ids[None], bounds.to(torch.int32), longest)


def lay_out(
    rows: Sequence[TokenRow],
    *,
    first_position: int,
    tokens: int | None = None,
    slots: int | None = None,
    pinned: bool = False,
) -> Tensor:
    """Write all numbers of a micro-batch into one piece of memory, so that one copy brings them to the GPU.

    Args:
        rows: at least one.
        first_position: what the model calls the first token's place.
        tokens: T, at least the tokens of the rows; more are filled with a last row of their own. Needs `slots`.
        slots: rows of the layout, more than `rows`; those that are not taken are empty.
        pinned: whether to use memory that a GPU can read while this process goes on.

    Returns:
        int64 `[3 * T + rows + 1]`: token ids, positions, segments, bounds.
    """
    lengths = np.array([len(row.ids) for row in rows])
    ends = np.cumsum(lengths)
    taken = int(ends[-1])
    tokens, slots = tokens or taken, slots or len(rows)
    numbers = torch.empty(3 * tokens + slots + 1, dtype=torch.int64, pin_memory=pinned)
    ids, positions, type_ids, bounds = np.split(numbers.numpy(), [tokens, 2 * tokens, 3 * tokens])
    ids[:taken] = np.concatenate([row.ids for row in rows])
    positions[:taken] = np.arange(taken) - np.repeat(ends - lengths, lengths) + first_position
    type_ids[:taken] = np.concatenate([row.type_ids for row in rows])
    ids[taken:], positions[taken:], type_ids[taken:] = 0, first_position, 0
    bounds[0], bounds[1 : len(rows) + 1], bounds[len(rows) + 1 :], bounds[-1] = 0, ends, taken, tokens
    return numbers
