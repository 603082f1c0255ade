"""The domain of embed-service: texts in, unit vectors out, whatever dialect asked; and texts to tokens and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count

from bentos.common.backends.interface import Outputs
from bentos.common.engine.tokenizer import Side, Truncation, is_blank
from bentos.common.errors import InferenceFailed, InvalidInput, NoItems, TextTooLong, TooManyItems, TooManyTokens
from bentos.common.lifecycle import Lifecycle, LoadedModel
from bentos.common.observability.tracing import span
from bentos.common.work_options import DEFAULT, Lane, WorkOptions
from bentos.embed.settings import EmbedSettings
from bentos.embed.tokenization import (
    TextRow,
    TokenizationCache,
    TokenizationSpec,
    content_limit_for,
    decoded,
    text_rows,
    tokenized,
)


class InputType(StrEnum):
    """What a text is for; chooses the model's prompt."""

    QUERY = "query"
    PASSAGE = "passage"


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """Texts to encode.

    Attributes:
        texts: at least one. Ids of the model's own tokens stand for the text that they decode to.
        input_type: chooses the prompt; none takes the default of the settings.
        truncate: side on which texts over the window lose tokens, or `none` to refuse them.
        max_tokens: most tokens of one text, prompt and special tokens included; none is the model's window.
        max_total_tokens: most tokens of all texts together; more are refused.
        allow_blank: whether a text may be blank; its vector is that of the prompt alone.
    """

    texts: Sequence[str | Sequence[int]]
    input_type: InputType | None = None
    truncate: Truncation = "end"
    max_tokens: int | None = None
    max_total_tokens: int | None = None
    allow_blank: bool = False


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of a request.

    Attributes:
        vectors: float32 `[texts, dimension]`, unit length, in the order of the texts.
        input_type: the one that was used.
        tokens: total, prompts and special tokens included, whether computed or cached.
        truncated: indexes of the texts that lost tokens.
        cached: how many texts were in the cache.
    """

    vectors: Outputs
    input_type: InputType
    tokens: int
    truncated: list[int]
    cached: int


class Encoder:
    """Encodes requests with the loaded model.

    Attributes:
        dimension: of the vectors.
        window: most tokens of a text that the model takes, prompt and special tokens included.
    """

    def __init__(self, lifecycle: Lifecycle, settings: EmbedSettings) -> None:
        self._lifecycle = lifecycle
        self._settings = settings
        self.dimension = lifecycle.model.profile.dimension or 0
        self.window = lifecycle.model.profile.max_tokens
        self._default_input_type = InputType(settings.default_input_type)
        self._tokenizations = TokenizationCache(lifecycle.cache_settings.memo_bytes)

    async def encode(self, request: EmbedRequest, options: WorkOptions) -> Embeddings:
        """Tokenize, truncate and compute all texts.

        Raises:
            InvalidInput: no text, too many, a blank one, one over the window with truncation refused, a token id that
                the model does not have, too many tokens in all, or more than could be computed in time.
            Unavailable: not ready, or overloaded.
            DeadlineExceeded: the deadline passed.
            InferenceFailed: the model failed on a text.
        """
        self._check_number(request)
        model = self._lifecycle.loaded
        lane = model.cached_engine.admit_texts(request.texts, options)
        input_type = request.input_type or self._default_input_type
        prompt = model.profile.prompts.get(input_type.value, "")
        with span("tokenize") as tokenizing:
            rows, keys, losses = zip(*await self._text_rows(request, model, prompt, lane, options), strict=True)
            truncated = [index for index, lost in enumerate(losses) if lost]
            tokenizing.set_attributes({"duobento.texts": len(rows), "duobento.truncated": len(truncated)})
        if truncated and request.truncate == "none":
            raise TextTooLong(
                f"The text has more than {self.limit(request.max_tokens)} tokens, and truncation is refused.",
                loc=("texts", truncated[0]),
            )
        tokens = sum(len(row.ids) for row in rows)
        if request.max_total_tokens is not None and tokens > request.max_total_tokens:
            raise TooManyTokens(f"Requested {tokens} tokens, max {request.max_total_tokens} tokens per request.")
        try:
            vectors, cached = await model.cached_engine.run(rows, keys, options)
        except InferenceFailed as error:
            error.loc = ("texts", error.item)
            raise
        self._lifecycle.metrics.texts.inc(len(rows))
        if truncated:
            self._lifecycle.metrics.truncated_items.inc(len(truncated))
        return Embeddings(vectors, input_type, tokens, truncated, sum(cached))

    def limit(self, max_tokens: int | None) -> int:
        """Most tokens of a text in a request with this `max_tokens`."""
        return min(self.window, max_tokens or self.window)

    def check_dimension(self, dimension: int | None) -> None:
        """Accept a request for vectors of the model's own dimension, or of none in particular.

        Raises:
            InvalidInput: the dimension is another one.
        """
        if dimension is not None and dimension != self.dimension:
            raise InvalidInput(
                f"This model's vectors have {self.dimension} dimensions, and it was not trained to have fewer.",
                loc=("dimensions",),
            )

    async def tokens(self, text: str) -> list[tuple[int, str]]:
        """All tokens of a text, as ids and as they stand in the model's vocabulary, special tokens not included."""
        model = self._lifecycle.loaded
        lane = model.engine.admit_texts([text], DEFAULT, computes=False)
        [tokens] = await model.engine.tokenization.map(
            lambda texts: [model.tokenizer.tokens(text) for text in texts], [text], lane=lane
        )
        return tokens

    async def text(self, tokens: Sequence[int]) -> str:
        """The text that token ids decode to.

        Raises:
            InvalidInput: the model has no such id.
        """
        model = self._lifecycle.loaded
        lane = model.engine.admit_texts([tokens], DEFAULT, computes=False)
        [text] = await model.engine.tokenization.map(
            lambda lists: [decoded(ids, model.tokenizer, ("tokens",)) for ids in lists], [tokens], lane=lane
        )
        return text

    async def _text_rows(
        self, request: EmbedRequest, model: LoadedModel, prompt: str, lane: Lane, options: WorkOptions
    ) -> Sequence[TextRow]:
        side = Side.START if request.truncate == "start" else Side.END
        spec = TokenizationSpec(prompt, content_limit_for(request.max_tokens, prompt, model.tokenizer), side)
        texts = await self._texts(request, model, spec, lane, options.deadline)
        _check_blank(texts, request)
        tokens = 0

        def check(rows: Sequence[TextRow]) -> None:
            nonlocal tokens
            tokens += sum(len(row.row.ids) for row in rows)
            model.engine.check_size(tokens, options.deadline)

        async def tokenize(texts: Sequence[str]) -> Sequence[TextRow]:
            return await model.engine.tokenization.map(
                lambda piece: tokenized(piece, spec, model.tokenizer, model.cached_engine.key),
                texts,
                lane=lane,
                deadline=options.deadline,
                check=check,
            )

        return await text_rows(texts, spec, tokenize, self._tokenizations if options.use_cache else None)

    async def _texts(
        self,
        request: EmbedRequest,
        model: LoadedModel,
        spec: TokenizationSpec,
        lane: Lane,
        deadline: float | None,
    ) -> Sequence[str]:
        """All texts as strings; token ids are decoded."""
        texts = [text for text in request.texts if isinstance(text, str)]
        if len(texts) == len(request.texts):
            return texts
        indexes = count()

        def text_of(text: str | Sequence[int], index: int) -> str:
            if isinstance(text, str):
                return text
            return decoded(text, model.tokenizer, ("texts", index), spec)

        def decode(piece: Sequence[str | Sequence[int]]) -> list[str]:
            return list(map(text_of, piece, indexes))  # pieces come one after the other

        return await model.engine.tokenization.map(decode, request.texts, lane=lane, deadline=deadline)

    def _check_number(self, request: EmbedRequest) -> None:
        limit = self._settings.max_texts
        if not request.texts:
            raise NoItems("Send at least one text.", loc=("texts",))
        if len(request.texts) > limit:
            raise TooManyItems(f"{len(request.texts)} texts are more than the limit of {limit}.", loc=("texts",))


def _check_blank(texts: Sequence[str], request: EmbedRequest) -> None:
    for index, text in enumerate(texts if not request.allow_blank else ()):
        if is_blank(text):
            raise InvalidInput("The text is blank.", loc=("texts", index))
