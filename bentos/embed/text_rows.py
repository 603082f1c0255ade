"""Texts as the model sees them, and those of recent requests."""

from collections.abc import Sequence
from typing import NamedTuple

from cachebox import LRUCache

from bentos.common.cache.key import KeyedRow
from bentos.common.engine.tokenizer import SHORT_CHARACTERS, Side

_ENTRY_BYTES = 600
_CHARACTER_BYTES = 2
_TOKEN_BYTES = 16
"""These three by resident memory, which is more than that of the objects."""


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

    @property
    def tokens(self) -> int:
        """Of all rows."""
        return sum(len(keyed.row.ids) for keyed in self.rows)


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


class TokenizationCache:
    """Rows of recent texts, so that a text whose vector is cached is not tokenized again. Belongs to the event loop.

    Texts of more than `SHORT_CHARACTERS` are left out. What is kept never leaves the process.

    Args:
        most_bytes: of memory, by estimate; 0 keeps nothing.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        # cachebox takes 0 as no limit, and raises for an entry above it: `keep` asks before.
        self._entries: LRUCache[tuple[TokenizationSpec, str], TextRow] = LRUCache(most_bytes, getsizeof=_entry_bytes)

    def get_many(self, texts: Sequence[str], spec: TokenizationSpec) -> list[TextRow | None]:
        """The rows that are known, in the order of the texts."""
        get = self._entries.get
        return [get((spec, text)) for text in texts]

    def keep(self, text: str, spec: TokenizationSpec, row: TextRow) -> None:
        """Remember a row, unless it is too large."""
        if len(text) <= SHORT_CHARACTERS and _entry_bytes((spec, text), row) <= self._most_bytes:
            self._entries[spec, text] = row


def _entry_bytes(entry: tuple[TokenizationSpec, str], row: TextRow) -> int:
    return _ENTRY_BYTES + len(entry[1]) * _CHARACTER_BYTES + row.tokens * _TOKEN_BYTES
