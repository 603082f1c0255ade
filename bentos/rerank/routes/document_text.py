"""What the model reads of a document that Cohere's or Jina's clients send."""

from collections.abc import Sequence

from bentos.common.errors import InvalidInput
from bentos.rerank.schemas.documents import Document, written


def scored_text(document: Document, fields: Sequence[str], index: int) -> str:
    """What the model reads of a document: a string itself, of an object the named fields in their order.

    Several fields become lines `field: value`, the form the vendor advises for structured data. Strings stay as they
    are, other values are written as JSON; fields that are missing or null are left out.

    Raises:
        InvalidInput: the object has none of the fields.
    """
    if isinstance(document, str):
        return document
    values = {field: document[field] for field in fields if document.get(field) is not None}
    if not values:
        raise InvalidInput(
            f"Input should be a string or an object with {' or '.join(fields)}; only text is scored.",
            loc=("documents", index),
        )
    texts = {field: value if isinstance(value, str) else written(value).decode() for field, value in values.items()}
    if len(fields) == 1:
        return texts[fields[0]]
    return "\n".join(f"{field}: {text}" for field, text in texts.items())
