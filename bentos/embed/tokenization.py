"""From the texts of a request to token rows, with the model's prompt."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

from cachebox import LRUCache

from bentos.common.backends.interface import TokenRow
from bentos.common.cache.interface import Key
from bentos.common.engine.tokenization import INLINE_CHARACTERS
from bentos.common.engine.tokenizer import Side, Tokenizer
from bentos.common.errors import InvalidInput, Location

_ENTRY_BYTES = 600
_CHARACTER_BYTES = 2
_TOKEN_BYTES = 16
"""These three by resident memory, which is more than that of the objects."""
_MOST_IDS_PER_TOKEN = 16


class TextRow(NamedTuple):
    """A text as the model sees it.

    Attributes:
        row: prompt and special tokens included.
        key: of the row, in the cache.
        truncated: whether the text lost tokens.
    """

    row: TokenRow
    key: Key
    truncated: bool


class TokenizationSpec(NamedTuple):
    """All that decides a text's row besides the text.

    Attributes:
        prompt: put in front of every text.
        keep: most tokens of prompt and text together.
        side: where a longer text loses tokens.
    """

    prompt: str
    keep: int
    side: Side


class TokenizationCache:
    """Rows of recent texts, so that a text whose vector is cached is not tokenized again. Belongs to the event loop.

    Texts of more than `INLINE_CHARACTERS` are left out. What is kept never leaves the process.

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
        if len(text) <= INLINE_CHARACTERS and _entry_bytes((spec, text), row) <= self._most_bytes:
            self._entries[spec, text] = row


def _entry_bytes(entry: tuple[TokenizationSpec, str], row: TextRow) -> int:
    return _ENTRY_BYTES + len(entry[1]) * _CHARACTER_BYTES + len(row.row.ids) * _TOKEN_BYTES


Tokenize: TypeAlias = Callable[[Sequence[str]], Awaitable[Sequence[TextRow]]]
"""Makes the rows of texts, in order."""


async def text_rows(
    texts: Sequence[str], spec: TokenizationSpec, tokenize: Tokenize, cache: TokenizationCache | None
) -> Sequence[TextRow]:
    """Rows of all texts, in order.

    Args:
        texts: any strings.
        spec: of all rows.
        tokenize: makes rows of this spec.
        cache: asked first, and given what it does not know; without one all texts are tokenized.
    """
    if cache is None:
        return await tokenize(texts)
    known = cache.get_many(texts, spec)
    rows = [row for row in known if row]
    if len(rows) == len(texts):
        return rows
    new = list(dict.fromkeys(text for text, row in zip(texts, known, strict=True) if row is None))
    made = dict(zip(new, await tokenize(new), strict=True))
    for text, row in made.items():
        cache.keep(text, spec, row)
    return [row or made[text] for text, row in zip(texts, known, strict=True)]


def decoded(ids: Sequence[int], tokenizer: Tokenizer, loc: Location, spec: TokenizationSpec | None = None) -> str:
    """The text of token ids.

    Args:
        ids: of the model's tokens.
        tokenizer: of the model.
        loc: of the list, for errors.
        spec: of the row that the text is for: only what may be kept in it is decoded, as decoding holds the
            interpreter's lock. By default all is.

    Raises:
        InvalidInput: the model has no such id.
    """
    size = tokenizer.vocabulary_size
    if ids and not (min(ids) >= 0 and max(ids) < size):
        index = next(index for index, token in enumerate(ids) if not 0 <= token < size)
        raise InvalidInput(f"A token id of this model is between 0 and {size - 1}.", loc=(*loc, index))
    if spec:
        most = _MOST_IDS_PER_TOKEN * spec.keep
        ids = ids[-most:] if spec.side is Side.START else ids[:most]
    return tokenizer.text(ids)


def content_limit_for(max_tokens: int | None, prompt: str, tokenizer: Tokenizer) -> int:
    """Most tokens of prompt and text together.

    Raises:
        InvalidInput: the prompt alone would fill `max_tokens`.
    """
    if max_tokens is None or max_tokens >= tokenizer.window:
        return tokenizer.content_limit
    content_limit = max_tokens - (tokenizer.window - tokenizer.content_limit)
    missing = len(tokenizer.tokens(prompt)) + 1 - content_limit
    if missing > 0:
        raise InvalidInput(
            f"Must be at least {max_tokens + missing}: it includes the model's prompt and special tokens.",
            loc=("max_tokens",),
        )
    return content_limit


def tokenized(
    texts: Sequence[str], spec: TokenizationSpec, tokenizer: Tokenizer, key: Callable[[TokenRow], Key]
) -> list[TextRow]:
    """Rows of all texts, in order, with their keys. Blocks."""
    contents = tokenizer.contents(texts, spec.keep, side=spec.side, prefix=spec.prompt)
    rows = [tokenizer.row(content.ids) for content in contents]
    return [TextRow(row, key(row), content.truncated) for row, content in zip(rows, contents, strict=True)]
