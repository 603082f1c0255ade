"""The domain of embed-service: texts in, unit vectors out, whatever dialect asked; and texts to tokens and back."""

import logging
from functools import cached_property
from typing import cast

import numpy as np

from bentos.common.engine.tokenizer import Truncation
from bentos.common.errors import InferenceFailed, InvalidInput, NoItems, TextTooLong, TooManyItems, TooManyTokens
from bentos.common.lifecycle import Lifecycle
from bentos.common.models.normalization import ends_in_normalize
from bentos.common.models.profile import PromptName
from bentos.common.observability import tracing
from bentos.common.observability.usage import count_tokens
from bentos.common.work_options import WorkOptions
from bentos.embed.chunks import mean
from bentos.embed.request import Embeddings, EmbedRequest, InputType
from bentos.embed.settings import EmbedSettings
from bentos.embed.tokenization import CachingTokenizer
from bentos.embed.vectors import JSONFragmentCache, Vectors, cut

_log = logging.getLogger(__name__)


class Encoder:
    """Encodes requests with the loaded model.

    Attributes:
        dimension: of the vectors, unless a request asks for another.
        window: most tokens of a text that the model takes, prompt and special tokens included.
        max_texts: of a request.
        truncate: what becomes of a text over the window in a request that does not say.
    """

    def __init__(self, lifecycle: Lifecycle, settings: EmbedSettings) -> None:
        self._lifecycle = lifecycle
        self.dimension = lifecycle.model.profile.dimension or 0
        self._dimensions = lifecycle.model.profile.all_dimensions
        self.window = lifecycle.model.profile.max_tokens
        self.max_texts = settings.max_texts
        self.truncate: Truncation = settings.truncate
        self._default_input_type = InputType(settings.default_input_type)
        self._settings = settings
        self._untyped_seen = False
        self._fragments = JSONFragmentCache(lifecycle.cache_settings.memo_bytes)

    @cached_property
    def _normalizes_itself(self) -> bool:
        """Whether vectors are served with the length that the model itself gives them."""
        profile = self._lifecycle.model.profile
        return not profile.normalized or ends_in_normalize(self._lifecycle.model.path, profile) is True

    @cached_property
    def _tokenizer(self) -> CachingTokenizer:
        """Of the loaded model."""
        model = self._lifecycle.loaded
        prompts = (
            [prompt for prompt in model.profile.prompts.values() if prompt] if self._settings.detect_prompts else []
        )
        return CachingTokenizer(model, self._lifecycle.cache_settings.memo_bytes, prompts)

    async def encode(self, request: EmbedRequest, options: WorkOptions) -> Embeddings:
        """Tokenize, truncate and compute all texts.

        Raises:
            InvalidInput: no text, too many, a blank one, one over the window with truncation refused, a token id or a
                dimension that the model does not have, too many tokens in all, or more than could be computed in time.
            Unavailable: not ready, or overloaded.
            DeadlineExceeded: the deadline passed.
            InferenceFailed: the model failed on a text.
        """
        self._check_number(request)
        dimension = self._dimension(request.dimensions)
        model = self._lifecycle.loaded
        lane = model.cached_engine.admit_texts(request.texts, options)
        input_type = request.input_type or self._default_input_type
        prompt = (
            "" if input_type is InputType.NONE else model.profile.prompts.get(cast(PromptName, input_type.value), "")
        )
        if prompt and request.input_type is None and not self._untyped_seen:
            self._warn_of_untyped(input_type)
        chunked = self._settings.chunked and request.truncate is None if request.chunked is None else request.chunked
        in_pieces = self._settings.max_tokens_per_text if chunked else None
        with tracing.span("tokenize") if tracing.tracer else tracing.NOT_RECORDED as tokenizing:
            texts = await self._tokenizer.rows(request, prompt, lane, options, in_pieces=in_pieces)
            truncated = [index for index, text in enumerate(texts) if text.truncated]
            tokenizing.set_attributes({"duobento.texts": len(texts), "duobento.truncated": len(truncated)})
        if truncated and (request.truncate or self.truncate) == "none":
            limit = in_pieces or self.limit(request.max_tokens)
            raise TextTooLong(
                f"The text has more than {limit} tokens, and truncation is refused.",
                loc=("texts", truncated[0]),
            )
        rows = [text.keyed for text in texts]
        if several := [index for index, text in enumerate(texts) if text.more]:
            rows = [row for text in texts for row in text.rows]
        tokens = sum(len(keyed.row.ids) for keyed in rows)
        if request.max_total_tokens is not None and tokens > request.max_total_tokens:
            raise TooManyTokens(f"Requested {tokens} tokens, max {request.max_total_tokens} tokens per request.")
        try:
            array, cached = await model.cached_engine.run(rows, options)
        except InferenceFailed as error:
            owners = [index for index, text in enumerate(texts) for _ in text.rows]
            error.loc = ("texts", owners[error.item])
            raise
        if several:
            counts = [len(text.rows) for text in texts]
            array = mean(array, counts, [len(keyed.row.ids) for keyed in rows])
            cached = np.minimum.reduceat(np.asarray(cached), np.cumsum([0, *counts[:-1]])).tolist()
        self._lifecycle.metrics.texts.inc(len(texts))
        if own := sum(text.own_prompt for text in texts):
            self._lifecycle.metrics.texts_with_prompt.inc(own)
        count_tokens(tokens)
        hits = sum(cached)
        vectors = Vectors(cut(array, dimension, normalized=model.profile.normalized), self._fragments, hits)
        return Embeddings(vectors, input_type, tokens, truncated, several, hits, normalized=model.profile.normalized)

    def limit(self, max_tokens: int | None) -> int:
        """Most tokens of a text in a request with this `max_tokens`."""
        return min(self.window, max_tokens or self.window)

    def check_normalized(self, normalized: bool | None, field: str) -> None:
        """Accept a request for vectors as the model's files make them, if these end in their normalization.

        Raises:
            InvalidInput: vectors that are not normalized are wanted, and ours would be other ones.
        """
        if normalized is False and not self._normalizes_itself:
            raise InvalidInput(
                "Vectors have unit length here, and this model's files do not say that its own have it: "
                "send true or nothing.",
                loc=(field,),
            )

    def _warn_of_untyped(self, input_type: InputType) -> None:
        self._untyped_seen = True
        _log.warning(
            "Requests that say no input type are embedded as %s (EMBED_DEFAULT_INPUT_TYPE). This model has prompts: "
            "clients that store texts and clients that search should say passage and query, by input_type or by "
            "an alias such as e5-passage:passage (docs/clients.md). This is said once.",
            input_type.value,
        )

    def _dimension(self, asked: int | None) -> int:
        if asked is None or asked in self._dimensions:
            return asked or self.dimension
        *others, largest = self._dimensions
        if not others:
            message = f"The vectors have {largest} dimensions: no other number is served."
        else:
            message = f"The vectors have {', '.join(map(str, others))} or {largest} dimensions."
        raise InvalidInput(message, loc=("dimensions",))

    def _check_number(self, request: EmbedRequest) -> None:
        if not request.texts:
            raise NoItems("Send at least one text.", loc=("texts",))
        if len(request.texts) > self.max_texts:
            raise TooManyItems(
                f"{len(request.texts)} texts are more than the limit of {self.max_texts}.", loc=("texts",)
            )
