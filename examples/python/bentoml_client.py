"""BentoML's client. It speaks to one service at a time, not through the gateway, and gets numpy arrays."""

import os
import sys

import bentoml
from bentoml.exceptions import ServiceUnavailable

EMBED_SERVICE_URL = os.environ.get("EMBED_SERVICE_URL", "http://localhost:5555")
RERANK_SERVICE_URL = os.environ.get("RERANK_SERVICE_URL", "http://localhost:5556")
KEY = os.environ.get("SERVICE_API_KEY")

query = "How does a heron hunt?"
documents = ["The office opens at nine.", "A heron stands still and spears fish."]

try:  # the client waits until a service is ready
    with bentoml.SyncHTTPClient(EMBED_SERVICE_URL, token=KEY, server_ready_timeout=5) as embed_service:
        vectors = embed_service.encode(sentences=documents)
    with bentoml.SyncHTTPClient(RERANK_SERVICE_URL, token=KEY, server_ready_timeout=5) as rerank_service:
        scores = rerank_service.score(pairs=[(query, document) for document in documents])
except ServiceUnavailable:
    sys.exit(f"{EMBED_SERVICE_URL} or {RERANK_SERVICE_URL} does not answer: start the services with `make serve`.")

print(f"{len(vectors)} vectors of {vectors.shape[1]} numbers")
for score, document in sorted(zip(scores, documents, strict=True), reverse=True):
    print(f"{score:.3f} {document}")
