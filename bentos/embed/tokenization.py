"""From the texts of a request to token rows, with the model's prompt."""

from collections.abc import Sequence
from itertools import count

from cachebox import LRUCache

from bentos.common.engine.token_ids import decoded
from bentos.common.engine.tokenizer import SHORT_CHARACTERS, Content, Side, Tokenizer, are_short
from bentos.common.errors import InvalidInput
from bentos.common.lifecycle import LoadedModel
from bentos.common.work_options import Lane, WorkOptions
from bentos.embed.chunks import split
from bentos.embed.prompts import contents
from bentos.embed.request import EmbedRequest
from bentos.embed.text_rows import TextRow, TokenizationSpec

_ENTRY_BYTES = 600
_CHARACTER_BYTES = 2
_TOKEN_BYTES = 16
"""These three by resident memory, which is more than that of the objects."""


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
        self._pools_prompt = model.profile.include_prompt
        self._cache = TokenizationCache(most_bytes)
        self._adds_tokens = model.tokenizer.content_limit < model.tokenizer.window

    async def rows(
        self, request: EmbedRequest, prompt: str, lane: Lane, options: WorkOptions, *, in_pieces: int | None = None
    ) -> Sequence[TextRow]:
        """Rows of all texts, in order.

        Args:
            request: whose texts they are.
            prompt: put in front of each.
            lane: in which they wait to be tokenized.
            options: how long they may wait, and whether rows may be remembered ones.
            in_pieces: most tokens of a text, if texts over the window are read in pieces.

        Raises:
            InvalidInput: a text that is blank or has no tokens, an unknown token id, a prompt that fills `max_tokens`,
                or too many tokens.
            DeadlineExceeded: the deadline passed.
        """
        limit = content_limit_for(request.max_tokens, prompt, self._tokenizer)
        side = Side.START if request.truncate == "start" else Side.END
        spec = TokenizationSpec(prompt, limit, side)
        if in_pieces is not None:
            spec = TokenizationSpec(prompt, max(limit, in_pieces), side, piece=limit)
        texts = await self._decoded(request.texts, spec, lane, options.deadline)
        if not request.allow_empty:
            _check_empty(texts, allow_blank=request.allow_blank)
        rows = await self._known_or_made(texts, spec, lane, options)
        if not self._adds_tokens:
            _check_tokens(rows)
        return rows

    async def _known_or_made(
        self, texts: Sequence[str], spec: TokenizationSpec, lane: Lane, options: WorkOptions
    ) -> Sequence[TextRow]:
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
        prompts = self._prompts if spec.prompt else ()

        def tokenize(piece: Sequence[str]) -> list[TextRow]:
            own = [next((prompt for prompt in prompts if text.startswith(prompt)), "") for text in piece]
            if any(own):
                made = contents(self._tokenizer, piece, spec.keep, side=spec.side, prompt=spec.prompt, own=own)
            else:
                made = self._tokenizer.contents(piece, spec.keep, side=spec.side, prefix=spec.prompt)
            return [self._row(content, prompt, spec) for content, prompt in zip(made, own, strict=True)]

        def check(rows: Sequence[TextRow]) -> None:
            nonlocal tokens
            tokens += sum(map(_tokens, rows))
            self._check_size(tokens, deadline)

        if are_short(texts):
            return tokenize(texts)
        return await self._map(tokenize, texts, lane=lane, deadline=deadline, check=check)

    def _row(self, content: Content, own: str, spec: TokenizationSpec) -> TextRow:
        pieces = [content.ids]
        if spec.piece is not None and len(content.ids) > spec.piece:
            # Without the space behind it, which belongs to the tokens of the text.
            prompt = len(self._tokenizer.tokens((own or spec.prompt).rstrip()))
            pieces = split(content.ids, spec.piece, prompt)
        left_out = 0 if self._pools_prompt or own else len(self._tokenizer.tokens(spec.prompt))
        first, *more = (self._keyed(self._tokenizer.row(ids, left_out)) for ids in pieces)
        return TextRow(first, content.truncated, bool(own), tuple(more))


def _check_empty(texts: Sequence[str], *, allow_blank: bool) -> None:
    for index, text in enumerate(texts):
        if not (text if allow_blank else text.strip()):
            raise InvalidInput(f"The text is {'empty' if allow_blank else 'blank'}.", loc=("texts", index))


def _check_tokens(rows: Sequence[TextRow]) -> None:
    """A vector needs a token; models whose tokenizers add none around a text may get none."""
    for index, row in enumerate(rows):
        if not len(row.keyed.row.ids):
            raise InvalidInput("The text has no tokens.", loc=("texts", index))


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


def _entry_bytes(entry: tuple[TokenizationSpec, str], row: TextRow) -> int:
    return _ENTRY_BYTES + len(entry[1]) * _CHARACTER_BYTES + _tokens(row) * _TOKEN_BYTES


def _tokens(row: TextRow) -> int:
    return len(row.keyed.row.ids) + sum(len(keyed.row.ids) for keyed in row.more)
