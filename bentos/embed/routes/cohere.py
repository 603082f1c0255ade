"""What the two versions of Cohere's embed have in common."""

from collections.abc import Sequence
from typing import Any, Literal

from bentos.common.errors import InvalidInput, NoItems
from bentos.common.http.dialects import cohere
from bentos.embed.quantization import EmbeddingType
from bentos.embed.request import Embeddings
from bentos.embed.schemas.cohere import ONLY_TEXTS


def check(texts: Sequence[str], images: object) -> None:
    """Refuse what the vendor refuses, in its words, and images.

    Raises:
        NoItems: no text.
        InvalidInput: images.
    """
    if images:
        raise InvalidInput(ONLY_TEXTS, loc=("images",))
    if not texts:
        raise NoItems("at least one text must be provided")


def by_type(result: Embeddings, kinds: Sequence[EmbeddingType]) -> dict[str, Any]:
    """Vectors in each embedding type, once."""
    return {
        kind.value: result.vectors if kind is EmbeddingType.FLOAT else result.quantized(kind)
        for kind in dict.fromkeys(kinds)
    }


def meta(version: Literal["1", "2"], result: Embeddings, param: str, limit: int) -> dict[str, Any]:
    """The answer's `meta`, with a warning for each text that was truncated to `limit` tokens."""
    warnings = [f"{param}.{index} was too long and was truncated to {limit} tokens" for index in result.truncated]
    return cohere.meta(version, {"input_tokens": result.tokens}, warnings, input_tokens=result.tokens)
