"""Cohere's Python SDK, second version of the API, asynchronous: one client for both services, through the gateway."""

import asyncio
import os
import sys
from typing import Literal

import cohere
import httpx

DOCUMENTS = ["The office opens at nine.", "A heron stands still and spears fish.", "Herons nest in trees."]


async def served(client: cohere.AsyncClientV2, endpoint: Literal["embed", "rerank"]) -> str:
    """Name of the model that a service has, or of an alias."""
    answer = await client.models.list(endpoint=endpoint)
    return str(answer.models[0].name)


async def main() -> None:
    """Embed in two forms, then rerank."""
    client = cohere.AsyncClientV2(
        base_url=os.environ.get("CO_API_URL", "http://localhost:8080"),
        api_key=os.environ.get("CO_API_KEY", "none"),
    )
    # An application names its models: the served ones, or what EMBED_MODEL_ALIASES and RERANK_MODEL_ALIASES list.
    embed_model = os.environ.get("EMBED_MODEL") or await served(client, "embed")
    rerank_model = os.environ.get("RERANK_MODEL") or await served(client, "rerank")
    embedded = await client.embed(
        texts=DOCUMENTS, model=embed_model, input_type="search_document", embedding_types=["float", "ubinary"]
    )
    floats, bits = embedded.embeddings.float_, embedded.embeddings.ubinary
    print(f"{len(floats)} vectors of {len(floats[0])} numbers, or {len(bits[0])} bytes")

    ranking = await client.rerank(query="How does a heron hunt?", documents=DOCUMENTS, model=rerank_model, top_n=2)
    for result in ranking.results:
        print(f"{result.relevance_score:.3f} {DOCUMENTS[result.index]}")


try:
    asyncio.run(main())
except httpx.ConnectError as error:
    sys.exit(f"Nothing answers at {error.request.url}: start the services and the gateway with `make up`.")
