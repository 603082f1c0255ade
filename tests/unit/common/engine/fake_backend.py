"""A backend for what a real model cannot be made to do: fail, hang, be slow."""

import threading
from collections.abc import Callable, Sequence

import numpy as np

from bentos.common.backends.interface import Infer, Outputs, TokenRow


def row(length: int, mark: int = 5) -> TokenRow:
    """A row of `length` tokens that the backend answers with `[mark, length]`."""
    return TokenRow(np.full(length, mark, np.int32), np.zeros(length, np.int32))


class FakeBackend:
    """Answers each row with its first token and its length.

    Args:
        before: called with the rows of each micro-batch, in the inference thread; may raise or block.
        reserved: whether it has a reserved stream.
    """

    name, device, precision, width = "fake", "cpu", "fp32", 2
    layout = None
    unprepared: tuple[int, ...] = ()

    def __init__(self, before: Callable[[Sequence[TokenRow]], None] | None = None, *, reserved: bool = False) -> None:
        self._before = before
        self.infer_reserved: Infer | None = self._infer_reserved if reserved else None
        self.batches: list[list[int]] = []
        self.reserved_batches: list[list[int]] = []
        self.threads: set[int] = set()
        self.prepared: list[int] = []
        self.closed = False

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        self.batches.append([len(row.ids) for row in rows])
        return self._outputs(rows)

    def _infer_reserved(self, rows: Sequence[TokenRow]) -> Outputs:
        self.reserved_batches.append([len(row.ids) for row in rows])
        return self._outputs(rows)

    def _outputs(self, rows: Sequence[TokenRow]) -> Outputs:
        self.threads.add(threading.get_ident())
        if self._before:
            self._before(rows)
        return np.array([[row.ids[0], len(row.ids)] for row in rows], np.float32)

    def prepare(self, tokens: int) -> None:
        self.prepared.append(tokens)

    def close(self) -> None:
        self.closed = True
