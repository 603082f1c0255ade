"""OpenAI's Python SDK. E5 embeds queries and passages differently: `input_type` says which, as an extra field."""

import os
import sys

from openai import APIConnectionError, OpenAI

client = OpenAI(
    base_url=os.environ.get("EMBED_SERVICE_URL", "http://localhost:5555") + "/v1",
    api_key=os.environ.get("SERVICE_API_KEY", "none"),
)
PASSAGES = ["The office opens at nine.", "A heron stands still and spears fish."]


def embed(texts: list[str], input_type: str) -> list[list[float]]:
    """Unit vectors of the texts."""
    model = os.environ.get("EMBED_MODEL") or client.models.list().data[0].id  # the served one
    answer = client.embeddings.create(input=texts, model=model, extra_body={"input_type": input_type})
    return [item.embedding for item in answer.data]


try:
    [query] = embed(["How does a heron hunt?"], "query")
    vectors = embed(PASSAGES, "passage")
except APIConnectionError:
    sys.exit(f"Nothing answers at {client.base_url}: start the services with `make serve`.")
for passage, vector in zip(PASSAGES, vectors, strict=True):
    similarity = sum(left * right for left, right in zip(query, vector, strict=True))
    print(f"{similarity:.3f} {passage}")
