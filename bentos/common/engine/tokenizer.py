"""Texts to token ids, truncated by tokens, at a cost bounded by the model's window and not by the text's size.

A text far beyond the window is cut by characters before it is tokenized. The cut cannot change the tokens that are
kept: they are taken from words before the one that the cut falls into, or, in a run of text without any word boundary,
from `_OVERLAP` characters or more before the cut. If the piece does not settle the kept tokens it grows, up to
`_MOST_CHARACTERS` per token.
"""

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple, Self, TypeAlias

import numpy as np
import tokenizers

from bentos.common.backends.interface import TokenIds, TokenRow

SHORT_CHARACTERS = 2000
"""Texts of no more characters together are tokenized on the event loop: handing them over would take longer."""
_CHARACTERS_PER_TEXT = 20
_FIRST_CHARACTERS = 8
_GROWTH = 4
_MOST_CHARACTERS = 128
_OVERLAP = 256


class Side(StrEnum):
    """Where a text over the limit loses tokens."""

    END = "end"
    START = "start"


Truncation: TypeAlias = Literal["end", "start", "none"]
"""What a request wants of a text over its limit: the side on which it loses tokens, or to be refused."""


class Content(NamedTuple):
    """Tokens of a text, special tokens not included.

    Attributes:
        ids: int32 `[kept tokens]`.
        truncated: whether the text had more tokens than were kept.
    """

    ids: TokenIds
    truncated: bool


@dataclass(frozen=True, slots=True)
class _Template:
    """How special tokens surround one text or a pair: parts are a sequence's number or a special token's id."""

    parts: tuple[tuple[int | None, int, int], ...]
    specials: int

    @classmethod
    def of(cls, probe: tokenizers.Encoding) -> Self:
        """Read the template off an encoding of one-token texts."""
        parts = tuple(zip(probe.sequence_ids, probe.ids, probe.type_ids, strict=True))
        specials = [part for part, special in zip(parts, probe.special_tokens_mask, strict=True) if special]
        merged: list[tuple[int | None, int, int]] = []
        for (sequence, token, segment), special in zip(parts, probe.special_tokens_mask, strict=True):
            number = None if special else sequence
            if number is None or not merged or merged[-1][0] != number:
                merged.append((number, token, segment))
        return cls(tuple(merged), len(specials))

    @property
    def leading(self) -> int:
        """Special tokens before the first text."""
        return [number for number, _, _ in self.parts].index(0)

    def row(self, *contents: TokenIds) -> TokenRow:
        ids = [np.array([token], np.int32) if number is None else contents[number] for number, token, _ in self.parts]
        types = [np.full(len(part), segment, np.int32) for part, (_, _, segment) in zip(ids, self.parts, strict=True)]
        return TokenRow(np.concatenate(ids), np.concatenate(types))


class Tokenizer:
    """A fast tokenizer with the model's window. All methods block and release the GIL while they tokenize.

    Args:
        tokenizer: its own truncation and padding are switched off.
        window: most tokens the model takes, special tokens included.
    """

    def __init__(self, tokenizer: tokenizers.Tokenizer, window: int) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._single = _Template.of(tokenizer.encode("a"))
        self._pair = _Template.of(tokenizer.encode("a", "b"))
        self.window = window
        self.content_limit = window - self._single.specials
        self.pair_content_limit = window - self._pair.specials

    @classmethod
    def load(cls, folder: Path, window: int) -> Self:
        """Read `tokenizer.json` from a model's folder.

        Raises:
            RuntimeError: it cannot be read.
        """
        file = folder / "tokenizer.json"
        try:
            return cls(tokenizers.Tokenizer.from_file(str(file)), window)
        except Exception as error:  # the library has no class of its own
            raise RuntimeError(f"{file} cannot be read; install the model again with --force ({error}).") from error

    def row(self, content: TokenIds, prompt: int = 0) -> TokenRow:
        """Surround one text's tokens with the model's special tokens.

        Args:
            content: tokens of a text.
            prompt: how many of them, at the start, pooling leaves out.
        """
        row = self._single.row(content)
        return row._replace(prompt=self._single.leading + prompt) if prompt else row

    def pair_row(self, first: TokenIds, second: TokenIds) -> TokenRow:
        """Join the tokens of two texts as the model was trained to see a pair."""
        return self._pair.row(first, second)

    @property
    def vocabulary_size(self) -> int:
        """One more than the largest token id."""
        return self._tokenizer.get_vocab_size()

    def tokens(self, text: str) -> list[tuple[int, str]]:
        """All tokens of a text as ids and as they stand in the vocabulary, special tokens not included."""
        encoding = self.encoding(text)
        return list(zip(encoding.ids, encoding.tokens, strict=True))

    def encoding(self, text: str, *, special: bool = False) -> tokenizers.Encoding:
        """A whole text as the library describes it, with special tokens or without."""
        return self._tokenizer.encode(text, add_special_tokens=special)

    def text(self, ids: Sequence[int], *, special: bool = False) -> str:
        """The text of token ids below `vocabulary_size`; special tokens are left out, unless they are wanted."""
        return self._tokenizer.decode(ids, skip_special_tokens=not special)

    def contents(self, texts: Sequence[str], keep: int, *, side: Side = Side.END, prefix: str = "") -> list[Content]:
        """Tokens of each text, in order, truncated to `keep`.

        Args:
            texts: any strings.
            keep: most tokens of one text, the prefix's included.
            side: where a longer text loses tokens; the prefix is always kept.
            prefix: put in front of every text, such as E5's `query: `.
        """
        short = keep * _FIRST_CHARACTERS
        whole = [index for index, text in enumerate(texts) if len(text) <= short]
        prefixed = [prefix + texts[index] for index in whole]
        encodings = self._tokenizer.encode_batch_fast(prefixed, add_special_tokens=False)
        contents: dict[int, Content] = {}
        for index, encoding in zip(whole, encodings, strict=True):
            ids = np.array(encoding.ids, np.int32)
            if len(ids) <= keep:
                contents[index] = Content(ids, truncated=False)
        for index, text in enumerate(texts):
            if index not in contents:
                contents[index] = self._truncated(text, keep, side, prefix)
        return [contents[index] for index in range(len(texts))]

    def _truncated(self, text: str, keep: int, side: Side, prefix: str) -> Content:
        if side is Side.END:
            return self._settled(prefix + text, keep, side)
        start = np.array(self._tokenizer.encode(prefix, add_special_tokens=False).ids, np.int32)
        rest = self._settled(text, keep - len(start), side)
        return Content(np.concatenate([start, rest.ids]), rest.truncated)

    def _settled(self, text: str, keep: int, side: Side) -> Content:
        size = keep * _FIRST_CHARACTERS
        while size < len(text):
            cut = text[:size] if side is Side.END else text[-size:]
            encoding = self._tokenizer.encode(cut, add_special_tokens=False)
            largest = size >= keep * _MOST_CHARACTERS
            if largest or _is_settled(encoding, keep, side, size):
                return Content(_kept(encoding, keep, side), truncated=True)
            size *= _GROWTH
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return Content(_kept(encoding, keep, side), truncated=len(encoding.ids) > keep)


def weight(text: Sized) -> int:
    """Characters of a text, or its token ids, and what it takes besides the time of these."""
    return len(text) + _CHARACTERS_PER_TEXT


def are_short(texts: Sequence[Sized]) -> bool:
    """Whether texts, or lists of token ids, are so short that they are not handed to another thread."""
    return sum(map(weight, texts)) <= SHORT_CHARACTERS


def _kept(encoding: tokenizers.Encoding, keep: int, side: Side) -> TokenIds:
    ids = np.array(encoding.ids, np.int32)
    return ids[:keep] if side is Side.END else ids[max(0, len(ids) - keep) :]


def _is_settled(encoding: tokenizers.Encoding, keep: int, side: Side, size: int) -> bool:
    """Whether the kept tokens would be the same in the whole text, of which `size` characters were tokenized."""
    if len(encoding.ids) <= keep:
        return False
    words, offsets = encoding.word_ids, encoding.offsets
    if side is Side.END:
        return words[keep - 1] != words[-1] or offsets[keep - 1][1] <= size - _OVERLAP
    first = len(encoding.ids) - keep
    return words[first] != words[0] or offsets[first][0] >= _OVERLAP
