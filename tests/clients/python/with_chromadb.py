"""chromadb's embedding functions, in collections that are filled and searched."""

import os

from report import COHERE_NAME, EMBED, GATEWAY, KEY, PASSAGES, QUERIES, QUERY, TEXTS, UNKNOWN, report

os.environ["CO_API_URL"] = GATEWAY  # before `import cohere`, which an embedding function does

import chromadb
from chromadb.utils.embedding_functions import (
    CohereEmbeddingFunction,
    HuggingFaceEmbeddingServer,
    OpenAIEmbeddingFunction,
)

client = chromadb.EphemeralClient()


def _openai(model: str) -> OpenAIEmbeddingFunction:
    return OpenAIEmbeddingFunction(api_base=f"{EMBED}/v1", api_key=KEY, model_name=model)


def _cohere(model: str) -> CohereEmbeddingFunction:
    return CohereEmbeddingFunction(api_key=KEY, model_name=model)


def _stored(function: chromadb.EmbeddingFunction) -> list[list[float]]:
    """Vectors of `TEXTS` as a collection has them, each of which a search for its text finds."""
    collection = client.create_collection("texts", embedding_function=function)
    ids = [str(index) for index in range(len(TEXTS))]
    collection.add(ids=ids, documents=TEXTS)
    found = collection.query(query_texts=TEXTS, n_results=1)["ids"]
    assert found == [[one] for one in ids], found
    vectors = collection.get(ids, include=["embeddings"])["embeddings"].tolist()
    client.delete_collection("texts")
    return vectors


report(
    embed={
        "chromadb: OpenAIEmbeddingFunction": lambda: {
            "passage": _stored(_openai(PASSAGES)),
            "query": [vector.tolist() for vector in _openai(QUERIES)([QUERY])],
        },
        "chromadb: HuggingFaceEmbeddingServer": lambda: {
            "none": _stored(HuggingFaceEmbeddingServer(url=f"{EMBED}/embed"))
        },
        "chromadb: CohereEmbeddingFunction": lambda: {"passage": _stored(_cohere(COHERE_NAME))},
    },
    unknown={
        "chromadb: OpenAIEmbeddingFunction": lambda: _openai(UNKNOWN)([QUERY]),
        "chromadb: CohereEmbeddingFunction": lambda: _cohere(UNKNOWN)([QUERY]),
    },
)
