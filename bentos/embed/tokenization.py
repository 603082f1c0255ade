"""From the texts of a request to token rows, with the model's prompt."""

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from cachebox import LRUCache

from bentos.common.cache.key import KeyedRow
from bentos.common.engine.tokenizer import SHORT_CHARACTERS, Side, are_short
from bentos.common.errors import InvalidInput
from bentos.common.lifecycle import LoadedModel
from bentos.common.work_options import Lane, WorkOptions
from bentos.embed.prompts import content_limit_for, contents, own_prompt
from bentos.embed.request import EmbedRequest
from bentos.embed.token_ids import decoded

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
    """

    keyed: KeyedRow
    truncated: bool
    own_prompt: bool = False


class TokenizationSpec(NamedTuple):
    """All that decides a text's row besides the text.

    Attributes:
        prompt: put in front of every text that has none of its own.
        keep: most tokens of prompt and text together.
        side: where a longer text loses tokens.
    """

    prompt: str
    keep: int
    side: Side


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


class CachingTokenizer:
    """The model's tokenizer, beside the event loop where texts are long, and asked only for what is not remembered.

    Args:
        model: whose tokenizer it is.
        most_bytes: of memory for rows of recent texts, by estimate; 0 keeps none.
        prompts: of the model; a text that begins with one of them is given no other.
    """

    def __init__(self, model: LoadedModel, most_bytes: int, prompts: Sequence[str] = ()) -> None:
        self._prompts = prompts
        self._tokenizer = model.tokenizer
        self._map = model.engine.tokenization.map
        self._check_size = model.engine.check_size
        self._keyed = model.cached_engine.hasher.keyed
        self._cache = TokenizationCache(most_bytes)

    async def rows(self, request: EmbedRequest, prompt: str, lane: Lane, options: WorkOptions) -> Sequence[TextRow]:
        """Rows of all texts, in order.

        Args:
            request: whose texts they are.
            prompt: put in front of each.
            lane: in which they wait to be tokenized.
            options: how long they may wait, and whether rows may be remembered ones.

        Raises:
            InvalidInput: a blank text, an unknown token id, a prompt that fills `max_tokens`, or too many tokens.
            DeadlineExceeded: the deadline passed.
        """
        keep = content_limit_for(request.max_tokens, prompt, self._tokenizer)
        spec = TokenizationSpec(prompt, keep, Side.START if request.truncate == "start" else Side.END)
        texts = await self._decoded(request.texts, spec, lane, options.deadline)
        if not request.allow_empty:
            _check_empty(texts, allow_blank=request.allow_blank)
        if not options.use_cache:
            return await self._tokenized(texts, spec, lane, options.deadline)
        known = self._cache.get_many(texts, spec)
        rows = [row for row in known if row]
        if len(rows) == len(texts):
            return rows
        new = list(dict.fromkeys(text for text, row in zip(texts, known, strict=True) if row is None))
        made = dict(zip(new, await self._tokenized(new, spec, lane, options.deadline), strict=True))
        for text, row in made.items():
            self._cache.keep(text, spec, row)
        return [row or made[text] for text, row in zip(texts, known, strict=True)]

    async def tokens(self, text: str, lane: Lane) -> list[tuple[int, str]]:
        """All tokens of a text, as ids and as they stand in the model's vocabulary, special tokens not included."""
        [tokens] = await self._map(lambda texts: list(map(self._tokenizer.tokens, texts)), [text], lane=lane)
        return tokens

    async def text(self, tokens: Sequence[int], lane: Lane) -> str:
        """The text that token ids decode to.

        Raises:
            InvalidInput: the model has no such id.
        """

        def decode(lists: Sequence[Sequence[int]]) -> list[str]:
            return [decoded(ids, self._tokenizer, ("tokens",)) for ids in lists]

        [text] = await self._map(decode, [tokens], lane=lane)
        return text

    async def _decoded(
        self, inputs: Sequence[str | Sequence[int]], spec: TokenizationSpec, lane: Lane, deadline: float | None
    ) -> Sequence[str]:
        """All texts as strings; token ids are decoded."""
        texts = [text for text in inputs if isinstance(text, str)]
        if len(texts) == len(inputs):
            return texts
        indexes = count()

        def decode(piece: Sequence[str | Sequence[int]]) -> list[str]:
            return [
                text
                if isinstance(text, str)
                else decoded(text, self._tokenizer, ("texts", index), keep=spec.keep, side=spec.side)
                for text, index in zip(piece, indexes, strict=False)  # pieces come one after the other
            ]

        return await self._map(decode, inputs, lane=lane, deadline=deadline)

    async def _tokenized(
        self, texts: Sequence[str], spec: TokenizationSpec, lane: Lane, deadline: float | None
    ) -> Sequence[TextRow]:
        tokens = 0

        def tokenize(piece: Sequence[str]) -> list[TextRow]:
            own = [own_prompt(text, self._prompts) for text in piece] if spec.prompt else [""] * len(piece)
            made = contents(self._tokenizer, piece, spec.keep, side=spec.side, prompt=spec.prompt, own=own)
            return [
                TextRow(self._keyed(self._tokenizer.row(content.ids)), content.truncated, bool(prompt))
                for content, prompt in zip(made, own, strict=True)
            ]

        def check(rows: Sequence[TextRow]) -> None:
            nonlocal tokens
            tokens += sum(len(text.keyed.row.ids) for text in rows)
            self._check_size(tokens, deadline)

        if are_short(texts):
            return tokenize(texts)
        return await self._map(tokenize, texts, lane=lane, deadline=deadline, check=check)


def _check_empty(texts: Sequence[str], *, allow_blank: bool) -> None:
    for index, text in enumerate(texts):
        if not (text if allow_blank else text.strip()):
            raise InvalidInput(f"The text is {'empty' if allow_blank else 'blank'}.", loc=("texts", index))


def _entry_bytes(entry: tuple[TokenizationSpec, str], row: TextRow) -> int:
    return _ENTRY_BYTES + len(entry[1]) * _CHARACTER_BYTES + len(row.keyed.row.ids) * _TOKEN_BYTES
