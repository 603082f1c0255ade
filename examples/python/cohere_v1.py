"""Cohere's Python SDK, first version of the API: one client for both services, through the gateway.

CO_API_URL and CO_API_KEY are the SDK's own variables: code that uses them needs no change at all.
"""

import os
import sys

import cohere
import httpx

client = cohere.Client(
    base_url=os.environ.get("CO_API_URL", "http://localhost:8080"),
    api_key=os.environ.get("CO_API_KEY", "none"),
)

documents = ["The office opens at nine.", "A heron stands still and spears fish.", "Herons nest in trees."]
try:
    vectors = client.embed(texts=documents, input_type="search_document").embeddings
except httpx.ConnectError as error:
    sys.exit(f"Nothing answers at {error.request.url}: start the services and the gateway with `make up`.")
print(f"{len(vectors)} vectors of {len(vectors[0])} numbers")

ranking = client.rerank(query="How does a heron hunt?", documents=documents, top_n=2, return_documents=True)
for result in ranking.results:
    print(f"{result.relevance_score:.3f} {result.document.text}")
