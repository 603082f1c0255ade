"""Haystack's clients of OpenAI, Cohere and text-embeddings-inference."""

from typing import Any

from haystack import Document
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.utils import Secret
from haystack_integrations.components.embedders.cohere import CohereDocumentEmbedder, CohereTextEmbedder
from haystack_integrations.components.embedders.huggingface_api import (
    HuggingFaceAPIDocumentEmbedder,
    HuggingFaceAPITextEmbedder,
)
from haystack_integrations.components.rankers.cohere import CohereRanker
from haystack_integrations.components.rankers.huggingface_api import HuggingFaceTEIRanker
from report import COHERE_NAME, EMBED, GATEWAY, KEY, PASSAGES, QUERIES, QUERY, RERANK, RERANKER, TEXTS, UNKNOWN, report

OPENAI = {"api_base_url": f"{EMBED}/v1", "api_key": Secret.from_token(KEY)}
COHERE = {"api_base_url": GATEWAY, "api_key": Secret.from_token(KEY)}
TEI = {"api_type": "text_embeddings_inference", "api_params": {"url": EMBED}}


def _documents() -> list[Document]:
    return [Document(content=text) for text in TEXTS]


def _vectors(documents: Any, text: Any) -> dict[str, list[list[float]]]:
    embedded = documents.run(documents=_documents())["documents"]
    return {"passage": [document.embedding for document in embedded], "query": [text.run(text=QUERY)["embedding"]]}


def _ranked(ranker: Any) -> list[tuple[str, float]]:
    return [(found.content, found.score) for found in ranker.run(query=QUERY, documents=_documents())["documents"]]


report(
    embed={
        "Haystack: OpenAITextEmbedder, OpenAIDocumentEmbedder": lambda: _vectors(
            OpenAIDocumentEmbedder(model=PASSAGES, **OPENAI), OpenAITextEmbedder(model=QUERIES, **OPENAI)
        ),
        "Haystack: HuggingFaceAPI embedders": lambda: _vectors(
            HuggingFaceAPIDocumentEmbedder(**TEI, prefix="passage: "),
            HuggingFaceAPITextEmbedder(**TEI, prefix="query: "),
        ),
        "Haystack: Cohere embedders": lambda: _vectors(
            CohereDocumentEmbedder(model=COHERE_NAME, **COHERE), CohereTextEmbedder(model=COHERE_NAME, **COHERE)
        ),
    },
    rerank={
        "Haystack: CohereRanker": lambda: _ranked(CohereRanker(model=RERANKER, **COHERE)),
        "Haystack: HuggingFaceTEIRanker": lambda: _ranked(HuggingFaceTEIRanker(url=RERANK)),
    },
    unknown={
        "Haystack: OpenAITextEmbedder": lambda: OpenAITextEmbedder(model=UNKNOWN, **OPENAI).run(text=QUERY),
        "Haystack: CohereTextEmbedder": lambda: CohereTextEmbedder(model=UNKNOWN, **COHERE).run(text=QUERY),
        "Haystack: CohereRanker": lambda: _ranked(CohereRanker(model=UNKNOWN, **COHERE)),
    },
)
