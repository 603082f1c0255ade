"""What the encoder is asked for, and what it answers, whatever dialect asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from numpy.typing import NDArray

from bentos.common.engine.tokenizer import Truncation
from bentos.common.errors import InvalidInput
from bentos.embed.quantization import EmbeddingType, quantize
from bentos.embed.vectors import Vectors


class InputType(StrEnum):
    """What a text is for; chooses the model's prompt, and `none` none."""

    QUERY = "query"
    PASSAGE = "passage"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """Texts to encode.

    Attributes:
        texts: at least one. Ids of the model's own tokens stand for the text that they decode to.
        input_type: chooses the prompt; absent, the setting does.
        truncate: side on which texts over the window lose tokens, or `none` to refuse them; by default, the setting.
        chunked: whether a text over the window is read in pieces, its vector being their mean; by default the setting
            says, if `truncate` does not.
        max_tokens: most tokens of one text, prompt and special tokens included; none is the model's window.
        max_total_tokens: most tokens of all texts together; more are refused.
        dimensions: numbers of each vector, one of the lengths that the model was trained for; none is the usual one.
        allow_blank: whether a text may be nothing but white space,
        allow_empty: or nothing at all; its vector is that of the prompt alone.
    """

    texts: Sequence[str | Sequence[int]]
    input_type: InputType | None = None
    truncate: Truncation | None = None
    chunked: bool | None = None
    max_tokens: int | None = None
    max_total_tokens: int | None = None
    dimensions: int | None = None
    allow_blank: bool = True
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Vectors of a request.

    Attributes:
        vectors: one for each text, in their order.
        input_type: the one that was used.
        tokens: total, prompts and special tokens included, whether computed or cached.
        truncated: indexes of the texts that lost tokens,
        chunked: and of those that were read in pieces.
        cached: how many texts were in the cache.
        normalized: whether the vectors have unit length.
    """

    vectors: Vectors
    input_type: InputType
    tokens: int
    truncated: list[int]
    chunked: list[int]
    cached: int
    normalized: bool = True

    def quantized(self, kind: EmbeddingType) -> NDArray[Any] | list[str]:
        """The vectors as another embedding type; see `quantize`.

        Raises:
            InvalidInput: it has steps for unit vectors only, and these are of any length.
        """
        if not self.normalized and kind in (EmbeddingType.INT8, EmbeddingType.UINT8):
            raise InvalidInput(f"This model's vectors do not have unit length, so they cannot be had as {kind}.")
        return quantize(self.vectors.array, kind)
