"""Requests for embeddings as clients send them whose packages are not installed here, by the client's name.

Each as the client's source writes it, with the settings that docs/clients.md gives it. The texts are `TEXTS`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.http.shared import E5

TEXTS = ["The grey heron stands still and waits.", "Our office is open from nine to five."]


class Replay(NamedTuple):
    """A request, and what its texts are for.

    Attributes:
        path: of the route.
        body: as the client sends it.
        kind: input type that is meant.
    """

    path: str
    body: dict[str, Any]
    kind: str = "query"


def _openai(kind: str = "query", **fields: object) -> Replay:
    return Replay("/v1/embeddings", {"input": TEXTS, "model": E5, **fields}, kind)


REPLAYED: Mapping[str, Replay] = {
    "AnythingLLM": _openai(encoding_format="base64"),
    "chromadb: JinaEmbeddingFunction": _openai("passage", task="retrieval.passage", normalized=True, truncate=True),
    "Continue": _openai(),
    "Dify: OpenAI-API-compatible": _openai(user="abc-123", encoding_format="float"),
    "Dify: TEI": Replay("/v1/embeddings", {"input": TEXTS}),
    "Elasticsearch: cohere": Replay(
        "/v1/embed",
        {"texts": TEXTS, "model": E5, "input_type": "search_document", "embedding_types": ["float"], "truncate": "end"},
        "passage",
    ),
    "Flowise": _openai(encoding_format="base64"),
    "infinity_client": Replay(
        "/embeddings",
        {"input": TEXTS, "model": E5, "encoding_format": "float", "dimensions": 0, "user": None, "modality": "text"},
    ),
    "jina-ai-provider": Replay(
        "/v1/embeddings",
        {
            "input": [{"text": text} for text in TEXTS],
            "model": E5,
            "task": "retrieval.passage",
            "embedding_type": "float",
            "normalized": True,
            "truncate": False,
        },
        "passage",
    ),
    "LangChain: NVIDIAEmbeddings": _openai(
        "passage", encoding_format="float", input_type="passage", truncate="NONE", user=None
    ),
    "n8n": _openai(encoding_format="base64"),
    "Open WebUI": _openai("passage", input_type="passage"),
    "RAGFlow": _openai(encoding_format="base64"),
}
