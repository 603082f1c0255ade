"""Cohere's Python SDK, second version of the API, asynchronous: one client for both services, through the gateway."""

import asyncio
import os

import cohere

# The served models, or names that EMBED_MODEL_ALIASES and RERANK_MODEL_ALIASES list, such as embed-multilingual-v3.0.
EMBED_MODEL = os.environ.get("EMBED_MODEL", "intfloat/multilingual-e5-large")
RERANK_MODEL = os.environ.get("RERANK_MODEL", "BAAI/bge-reranker-base")
DOCUMENTS = ["The office opens at nine.", "A heron stands still and spears fish.", "Herons nest in trees."]


async def main() -> None:
    """Embed in two forms, then rerank."""
    client = cohere.AsyncClientV2(
        base_url=os.environ.get("CO_API_URL", "http://localhost:8080"),
        api_key=os.environ.get("CO_API_KEY", "none"),
    )
    embedded = await client.embed(
        texts=DOCUMENTS, model=EMBED_MODEL, input_type="search_document", embedding_types=["float", "ubinary"]
    )
    floats, bits = embedded.embeddings.float_, embedded.embeddings.ubinary
    print(f"{len(floats)} vectors of {len(floats[0])} numbers, or {len(bits[0])} bytes")

    ranking = await client.rerank(query="How does a heron hunt?", documents=DOCUMENTS, model=RERANK_MODEL, top_n=2)
    for result in ranking.results:
        print(f"{result.relevance_score:.3f} {DOCUMENTS[result.index]}")


asyncio.run(main())
