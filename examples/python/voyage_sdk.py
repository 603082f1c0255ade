"""Voyage's Python client: one for each service, or one for both with the gateway's URL."""

import json
import os
import sys
from urllib.error import URLError
from urllib.request import urlopen

import voyageai

key = os.environ.get("SERVICE_API_KEY", "none")
embed_url = os.environ.get("EMBED_SERVICE_URL", "http://localhost:5555")
rerank_url = os.environ.get("RERANK_SERVICE_URL", "http://localhost:5556")


def served_model(url: str) -> str:
    """The name of the model, which `/health` tells without a key."""
    with urlopen(f"{url}/health") as answer:
        return str(json.load(answer)["model"])


try:
    embed_model = os.environ.get("EMBED_MODEL") or served_model(embed_url)
    rerank_model = os.environ.get("RERANK_MODEL") or served_model(rerank_url)
except URLError:
    sys.exit(f"Nothing answers at {embed_url} or {rerank_url}: start the services with `make serve`.")

documents = ["The office opens at nine.", "A heron stands still and spears fish.", "Herons nest in trees."]
client = voyageai.Client(api_key=key, base_url=f"{embed_url}/voyage/v1")
vectors = client.embed(documents, model=embed_model, input_type="document").embeddings
print(f"{len(vectors)} vectors of {len(vectors[0])} numbers")

client = voyageai.Client(api_key=key, base_url=f"{rerank_url}/voyage/v1")
for result in client.rerank("How does a heron hunt?", documents, model=rerank_model, top_k=2).results:
    print(f"{result.relevance_score:.3f} {result.document}")
