"""From the texts of a request to token rows, with the model's prompt."""

from collections.abc import Sequence
from itertools import count

from bentos.common.engine.tokenizer import Content, Side, are_short
from bentos.common.errors import InvalidInput
from bentos.common.lifecycle import LoadedModel
from bentos.common.work_options import Lane, WorkOptions
from bentos.embed.chunks import split
from bentos.embed.prompts import content_limit_for, contents, own_prompt
from bentos.embed.request import EmbedRequest
from bentos.embed.text_rows import TextRow, TokenizationCache, TokenizationSpec
from bentos.embed.token_ids import decoded


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
            InvalidInput: a blank text, an unknown token id, a prompt that fills `max_tokens`, or too many tokens.
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
            return [self._row(content, prompt, spec) for content, prompt in zip(made, own, strict=True)]

        def check(rows: Sequence[TextRow]) -> None:
            nonlocal tokens
            tokens += sum(text.tokens for text in rows)
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
        first, *more = (self._keyed(self._tokenizer.row(ids)) for ids in pieces)
        return TextRow(first, content.truncated, bool(own), tuple(more))


def _check_empty(texts: Sequence[str], *, allow_blank: bool) -> None:
    for index, text in enumerate(texts):
        if not (text if allow_blank else text.strip()):
            raise InvalidInput(f"The text is {'empty' if allow_blank else 'blank'}.", loc=("texts", index))
