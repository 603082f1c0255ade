"""The interface between the engine and a model on some runtime."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

TokenIds: TypeAlias = NDArray[np.int32]
Outputs: TypeAlias = NDArray[np.float32]
Kind: TypeAlias = Literal["encoder", "cross-encoder"]
"""What a model computes: a vector of each text, or a logit of each pair."""
Pooling: TypeAlias = Literal["mean", "first", "last"]
"""How a converted graph weighs the tokens of a sequence."""
ActivationGroupSize: TypeAlias = Literal[32, 64, 128, 256]
"""How many numbers of an activation share a scale in int8: the more, the faster and the less exact."""
SIMILARITIES_BY_LENGTH = frozenset({"dot", "euclidean", "manhattan"})
"""Those of sentence-transformers in which the lengths of vectors count: all but the cosine."""


class TokenRow(NamedTuple):
    """One item as the model sees it, special tokens included.

    Attributes:
        ids: token ids, int32 `[length]`.
        type_ids: segment of each token, int32 `[length]`; all 0 for a single text and for models without segments.
        prompt: tokens at the start that pooling leaves out; 0 unless the model was trained so.
    """

    ids: TokenIds
    type_ids: TokenIds
    prompt: int = 0


class UnsupportedPrecision(RuntimeError):
    """This processor lacks the instructions for a precision; the model's files are fine."""


class DeviceUnusable(RuntimeError):
    """A GPU, its driver or its memory does not do; the model's files are fine."""


class WaitingRow(Protocol):
    """A row that waits to be computed.

    Attributes:
        length: its tokens.
    """

    length: int


Row = TypeVar("Row", bound=WaitingRow)


class Queue(Protocol[Row]):
    """Rows that wait."""

    @property
    def by_length(self) -> Sequence[Row]:
        """All rows, shortest first."""

    def by_age(self) -> Iterator[Row]:
        """All rows, oldest first."""

    def position(self, row: Row, /) -> int:
        """Where a row stands in `by_length`."""


class Layout(Protocol):
    """How a backend lays out rows, and which of them go well together."""

    def tokens(self, lengths: Sequence[int]) -> int:
        """What a micro-batch of rows of these lengths costs, padding included."""

    def select(self, first: Row, waiting: Queue[Row], budget: int) -> list[Row]:
        """The first row and those that join it, still waiting.

        Args:
            first: in the micro-batch however long it is.
            waiting: the lane, the first row included.
            budget: most tokens the micro-batch may cost once it has a second row. Over it, a long first row may
                still be joined by what costs nothing more.
        """


Infer: TypeAlias = Callable[[Sequence[TokenRow]], Outputs]
"""A call that computes one micro-batch, as `Backend.infer` does."""


class Backend(Protocol):
    """A loaded model. `infer` is called from several threads at a time, at most `streams` of them."""

    name: str
    device: str
    precision: str
    width: int
    """Numbers per item: the dimension of an encoder, 1 for a cross-encoder."""

    @property
    def layout(self) -> Layout | None:
        """None if rows are padded to the longest of their micro-batch."""

    @property
    def infer_reserved(self) -> Infer | None:
        """One more call, which may run beside those of all streams, one at a time; none if no stream is reserved."""

    def infer(self, rows: Sequence[TokenRow]) -> Outputs:
        """Compute one micro-batch.

        Args:
            rows: at least one row; none is longer than the model's window.

        Returns:
            float32 `[len(rows), width]`, in the order of `rows`: unit vectors of an encoder, logits of a cross-encoder.
        """

    @property
    def unprepared(self) -> Sequence[int]:
        """Tokens of rows that take longer the first time, unless they are prepared; shortest first."""

    def prepare(self, tokens: int) -> None:
        """Make ready for rows of so many tokens. `infer` may be called meanwhile, and waits."""

    def close(self) -> None:
        """Free the model. Nothing is computed afterwards."""
