"""The two requests of a benchmark in each dialect: embed some texts, rerank some documents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

Body = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """A request, ready to be sent."""

    path: str
    content: bytes


@dataclass(frozen=True)
class Dialect:
    """How one kind of server is asked.

    Attributes:
        embed: path, and the body for a model and texts.
        rerank: path, and the body for a model, a query and documents; None where the dialect has no reranking.
    """

    name: str
    embed: tuple[str, Callable[[str, Sequence[str]], Body]]
    rerank: tuple[str, Callable[[str, str, Sequence[str]], Body]] | None

    def embed_call(self, texts: Sequence[str], model: str = "") -> Call:
        """Embed texts."""
        path, body = self.embed
        return Call(path, orjson.dumps(body(model, texts)))

    def rerank_call(self, query: str, documents: Sequence[str], model: str = "") -> Call:
        """Rerank documents.

        Raises:
            ValueError: if the dialect cannot.
        """
        if self.rerank is None:
            raise ValueError(f"The dialect {self.name} has no reranking.")
        path, body = self.rerank
        return Call(path, orjson.dumps(body(model, query, documents)))


def _openai(model: str, texts: Sequence[str]) -> Body:
    return {"model": model, "input": texts}


def _documents(model: str, query: str, documents: Sequence[str]) -> Body:
    return {"model": model, "query": query, "documents": documents}


DIALECTS = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            "native",
            ("/embed", lambda _, texts: {"texts": texts, "input_type": "query"}),
            ("/rerank", lambda _, query, documents: {"query": query, "documents": documents}),
        ),
        Dialect(
            "cohere-v1",
            ("/v1/embed", lambda model, texts: {"model": model, "texts": texts}),
            ("/v1/rerank", _documents),
        ),
        Dialect(
            "cohere",
            (
                "/v2/embed",
                lambda model, texts: {
                    "model": model,
                    "texts": texts,
                    "input_type": "search_query",
                    "embedding_types": ["float"],
                },
            ),
            ("/v2/rerank", _documents),
        ),
        Dialect("openai", ("/v1/embeddings", _openai), None),
        Dialect("jina", ("/v1/embeddings", _openai), ("/v1/rerank", _documents)),
        Dialect(
            "tei",
            ("/embed", lambda _, texts: {"inputs": texts, "truncate": True}),
            ("/rerank", lambda _, query, texts: {"query": query, "texts": texts, "truncate": True}),
        ),
    )
}
