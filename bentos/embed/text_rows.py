"""Texts as the model sees them."""

from typing import NamedTuple

from bentos.common.cache.key import KeyedRow
from bentos.common.engine.tokenizer import Side


class TextRow(NamedTuple):
    """A text as the model sees it.

    Attributes:
        keyed: its row, prompt and special tokens included.
        truncated: whether the text lost tokens.
        own_prompt: whether it began with a prompt of the model's, and was given no other.
        more: rows of its further pieces, if it is read in pieces.
    """

    keyed: KeyedRow
    truncated: bool
    own_prompt: bool = False
    more: tuple[KeyedRow, ...] = ()

    @property
    def rows(self) -> tuple[KeyedRow, ...]:
        """All of its rows."""
        return (self.keyed, *self.more)


class TokenizationSpec(NamedTuple):
    """All that decides a text's row besides the text.

    Attributes:
        prompt: put in front of every text that has none of its own.
        keep: most tokens of prompt and text together.
        side: where a longer text loses tokens.
        piece: most tokens of prompt and a piece of the text together; none if it is not read in pieces.
    """

    prompt: str
    keep: int
    side: Side
    piece: int | None = None
