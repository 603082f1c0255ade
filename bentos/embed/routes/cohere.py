"""What the two versions of Cohere's embed have in common."""

from collections.abc import Sequence
from typing import Any, Literal

from bentos.common.errors import InvalidInput, NoItems
from bentos.common.http.dialects import cohere
from bentos.embed.quantization import EmbeddingType, quantize
from bentos.embed.request import Embeddings, InputType
from bentos.embed.schemas.cohere import ONLY_TEXTS

INPUT_TYPES = {
    "search_document": InputType.PASSAGE,
    "search_query": InputType.QUERY,
    # What is compared with its like counts as a query, as E5's model card says of symmetric tasks.
    "classification": InputType.QUERY,
    "clustering": InputType.QUERY,
    # The default of the settings.
    None: None,
}


def check(texts: Sequence[str], images: object, input_type: str | None) -> None:
    """Refuse what the vendor refuses, in its words, and images.

    Raises:
        NoItems: no text.
        InvalidInput: images.
    """
    if images or input_type == "image":
        raise InvalidInput(ONLY_TEXTS, loc=("images" if images else "input_type",))
    if not texts:
        raise NoItems("at least one text must be provided")


def by_type(result: Embeddings, kinds: Sequence[EmbeddingType]) -> dict[str, Any]:
    """Vectors in each embedding type, once."""
    return {
        kind.value: result.vectors if kind is EmbeddingType.FLOAT else quantize(result.vectors.array, kind)
        for kind in dict.fromkeys(kinds)
    }


def meta(version: Literal["1", "2"], result: Embeddings, param: str, limit: int) -> dict[str, Any]:
    """The answer's `meta`, with a warning for each text that was truncated to `limit` tokens."""
    warnings = [f"{param}.{index} was too long and was truncated to {limit} tokens" for index in result.truncated]
    return cohere.meta(version, {"input_tokens": result.tokens}, warnings)
