"""The native API without any SDK: search by vectors, then rerank, or keep the vectors' order while rerank is down."""

import os
import sys

import httpx

EMBED_SERVICE_URL = os.environ.get("EMBED_SERVICE_URL", "http://localhost:5555")
RERANK_SERVICE_URL = os.environ.get("RERANK_SERVICE_URL", "http://localhost:5556")
DOCUMENTS = ["The office opens at nine.", "A heron stands still and spears fish.", "Herons nest in trees."]

client = httpx.Client(headers={"Authorization": f"Bearer {os.environ.get('SERVICE_API_KEY', 'none')}"}, timeout=30)


def embed(texts: list[str], input_type: str) -> list[list[float]]:
    """Unit vectors of the texts."""
    answer = client.post(f"{EMBED_SERVICE_URL}/embed", json={"texts": texts, "input_type": input_type})
    vectors: list[list[float]] = answer.raise_for_status().json()["embeddings"]
    return vectors


def search(query: str, vectors: list[list[float]]) -> list[tuple[float, str]]:
    """Documents with their scores, best first."""
    [wanted] = embed([query], "query")
    similarities = [sum(left * right for left, right in zip(wanted, vector, strict=True)) for vector in vectors]
    found = sorted(zip(similarities, DOCUMENTS, strict=True), reverse=True)[:10]
    candidates = [document for _, document in found]
    try:
        answer = client.post(f"{RERANK_SERVICE_URL}/rerank", json={"query": query, "documents": candidates})
        return [(result["score"], result["document"]) for result in answer.raise_for_status().json()["results"]]
    except httpx.HTTPError as error:
        print(f"rerank is down, order by vectors only: {type(error).__name__}")
        return found


try:
    for score, document in search("How does a heron hunt?", embed(DOCUMENTS, "passage")):
        print(f"{score:.3f} {document}")
except httpx.ConnectError:
    sys.exit(f"Nothing answers at {EMBED_SERVICE_URL}: start the services with `make serve`.")
