"""The domain of embed-service: texts in, unit vectors out, whatever dialect asked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bentos.common.backends.interface import Outputs
from bentos.common.engine.tokenizer import Content, Side
from bentos.common.engine.work import Lane
from bentos.common.errors import InferenceFailed, InvalidInput, TextTooLong, TooManyItems
from bentos.common.lifecycle import Lifecycle
from bentos.embed.settings import EmbedSettings

_INLINE_CHARACTERS = 2000


class InputType(StrEnum):
    """What a text is for; chooses the model's prompt."""

    QUERY = "query"
    PASSAGE = "passage"


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """Texts to encode.

    Attributes:
        texts: at least one.
        input_type: chooses the prompt; none takes the default of the settings.
        truncate: side on which texts over the window lose tokens, or `none` to refuse them.
        lane: where the work waits; none decides by the number of tokens.
        deadline: event loop time in seconds.
        place: what the dialect calls the texts, so that errors name one as the caller knows it.
        numbered: whether the dialect's texts are a list.
        allow_blank: whether a text may be blank; its vector is that of the prompt alone.
    """

    texts: Sequence[str]
    input_type: InputType | None = None
    truncate: Literal["end", "start", "none"] = "end"
    lane: Lane | None = None
    deadline: float | None = None
    place: str = "texts"
    numbered: bool = True
    allow_blank: bool = False

    def place_of(self, index: int) -> str:
        """Where the caller finds a text in the request."""
        return f"{self.place}.{index}" if self.numbered else self.place


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of a request.

    Attributes:
        vectors: float32 `[texts, dimension]`, unit length, in the order of the texts.
        input_type: the one that was used.
        tokens: total computed, prompts and special tokens included.
        truncated: indexes of the texts that lost tokens.
    """

    vectors: Outputs
    input_type: InputType
    tokens: int
    truncated: list[int]


class Encoder:
    """Encodes requests with the loaded model."""

    def __init__(self, lifecycle: Lifecycle, settings: EmbedSettings) -> None:
        self._lifecycle = lifecycle
        self._settings = settings

    async def encode(self, request: EmbedRequest) -> Embeddings:
        """Tokenise, truncate and compute all texts.

        Raises:
            InvalidInput: no text, too many, a blank one, or one over the window with truncation refused.
            Unavailable: not ready, or overloaded.
            DeadlineExceeded: the deadline passed.
            InferenceFailed: the model failed on a text.
        """
        self._check(request)
        model = self._lifecycle.loaded
        model.engine.check_admission()
        input_type = request.input_type or InputType(self._settings.default_input_type)
        prompt = model.profile.prompts.get(input_type.value, "")
        contents = await self._tokenise(request, prompt)
        truncated = [index for index, content in enumerate(contents) if content.truncated]
        if truncated and request.truncate == "none":
            raise TextTooLong(
                f"The text has more than {model.tokenizer.window} tokens, the model's limit, and truncate is none.",
                param=request.place_of(truncated[0]),
            )
        rows = [model.tokenizer.row(content.ids) for content in contents]
        try:
            vectors = await model.engine.run(rows, lane=request.lane, deadline=request.deadline)
        except InferenceFailed as error:
            raise InferenceFailed(error.message, item=error.item, param=request.place_of(error.item)) from None
        self._lifecycle.metrics.truncated_items.inc(len(truncated))
        return Embeddings(vectors, input_type, sum(len(row.ids) for row in rows), truncated)

    def _check(self, request: EmbedRequest) -> None:
        limit = self._settings.max_texts
        if not request.texts:
            raise InvalidInput("Send at least one text.", param=request.place)
        if len(request.texts) > limit:
            raise TooManyItems(f"{len(request.texts)} texts are more than the limit of {limit}.", param=request.place)
        for index, text in enumerate(request.texts if not request.allow_blank else ()):
            if not text or text.isspace():
                raise InvalidInput("The text is blank.", param=request.place_of(index))

    async def _tokenise(self, request: EmbedRequest, prompt: str) -> list[Content]:
        tokenizer = self._lifecycle.loaded.tokenizer
        side = Side.START if request.truncate == "start" else Side.END

        def contents() -> list[Content]:
            return tokenizer.contents(request.texts, tokenizer.room, side=side, prefix=prompt)

        # A short text takes less time to tokenise than to hand to another thread.
        if sum(map(len, request.texts)) <= _INLINE_CHARACTERS:
            return contents()
        return await asyncio.to_thread(contents)
