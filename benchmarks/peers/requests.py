"""What is asked of a server, whatever its dialect."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Texts:
    """Texts to encode, the model's prompt not included."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class Documents:
    """Documents to score against a query."""

    query: str
    documents: tuple[str, ...]


Request: TypeAlias = Texts | Documents
